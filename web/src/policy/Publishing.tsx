import { Button, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { isApiError } from '../api/errors'
import { usePublishPolicy } from '../api/policies'
import type { Policy } from '../api/types'
import { plural } from '../numbers/format'
import { Panel } from '../parts/Page'
import { ErrorNote } from '../parts/States'
import { Time } from '../parts/Time'
import { useView } from '../view/useView'
import type { PolicyForm } from './form'
import classes from './Policy.module.css'
import { reviewId } from './review'
import type { Draft } from './useDraft'

interface Props<D> {
  form: PolicyForm<D>
  policy: Policy
  draft: Draft<D>
  /** From when on it holds. */
  since?: string
  /** What must be put right first. */
  flaws?: readonly string[]
  /** What belongs to reviewing the changes, as rehearsing them. */
  children?: ReactNode
}

/** The changes that were made, and putting them into force. */
export function Publishing<D extends object>({
  form,
  policy,
  draft,
  since = 'for events sent from now on',
  flaws = [],
  children,
}: Props<D>) {
  const client = useQueryClient()
  const [note, setNote] = useState('')
  const publish = usePublishPolicy(form.kind)
  const overtaken = draft.base !== policy.version
  const refused = publish.error !== null && !isApiError(publish.error, 'policy_changed') ? publish.error : null
  const put = async () => {
    // This is gone by the time that it is published: there is nothing unpublished then.
    const made = await publish
      .mutateAsync({ document: form.write?.(draft.document) ?? draft.document, note: note.trim(), base: draft.base })
      .catch((error: unknown) => {
        // Whoever was quicker is shown below, so it must be known who that was.
        if (isApiError(error, 'policy_changed')) void client.invalidateQueries({ queryKey: ['policy', form.kind] })
        return null
      })
    if (made === null) return
    draft.discard()
    notifications.show({ message: `Version ${made.version} is in force ${since}.` })
  }
  return (
    <div id={reviewId} tabIndex={-1} className={classes.review}>
      <Panel
        title={plural(draft.changes.length, 'unpublished change')}
        note={`From ${draft.base === 0 ? 'the built-in policy' : `version ${draft.base}`}. Only you see them until you publish.`}
        actions={
          !overtaken && (
            <Button variant="default" onClick={draft.discard}>
              Discard
            </Button>
          )
        }
      >
        <form
          className={classes.publishing}
          onSubmit={(e) => {
            e.preventDefault()
            void put()
          }}
        >
          <ul className={classes.changes}>
            {draft.changes.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          {flaws.map((f) => (
            <p key={f} className={classes.flaw}>
              {f}
            </p>
          ))}
          {overtaken ? (
            <Overtaken policy={policy} draft={draft} />
          ) : (
            refused && <ErrorNote error={refused} meaning="Nothing was published: what was in force still is." />
          )}
          <Textarea
            label="Note"
            description="Why. It stands in the history."
            value={note}
            onChange={(e) => setNote(e.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={1}
          />
          <div>
            <Button type="submit" loading={publish.isPending} disabled={overtaken || flaws.length > 0}>
              Publish
            </Button>
          </div>
        </form>
      </Panel>
      {children}
    </div>
  )
}

/** Somebody published a version after the changes were begun: who, when, and the two ways on. */
function Overtaken<D>({ policy, draft }: { policy: Policy; draft: Draft<D> }) {
  const { tz } = useView()
  return (
    <div className={classes.overtaken} role="alert">
      <p>
        <strong>Somebody else has published a version meanwhile</strong>
      </p>
      <p>
        Version {policy.version} was published by {policy.created_by}
        {policy.created_at !== null && (
          <>
            , <Time at={policy.created_at} zone={tz} />
          </>
        )}
        {policy.note !== '' && <>: “{policy.note}”</>}. Nothing of yours was published. The list above says what yours
        would change in theirs.
      </p>
      <div className={classes.row}>
        <Button variant="default" size="xs" onClick={draft.discard}>
          Discard mine
        </Button>
        <Button variant="default" size="xs" onClick={draft.rebase}>
          Keep mine, in place of version {policy.version}
        </Button>
      </div>
    </div>
  )
}
