import { Button, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { isApiError } from '../../api/errors'
import { rehearsePolicy, usePublishPolicy } from '../../api/policies'
import type { Policy } from '../../api/types'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { Rehearsal } from '../../rehearsal/Rehearsal'
import classes from './Contract.module.css'
import { flawsOf, type Contract } from './contract'
import { reviewId } from '../../policy/review'
import type { Draft } from './useDraft'

/** The changes that were made: what they are, what they would do, and putting them into force. */
export function Publishing({ policy, draft }: { policy: Policy; draft: Draft }) {
  const [note, setNote] = useState('')
  const publish = usePublishPolicy('contract')
  const rehearse = useMutation({
    mutationFn: ({ contract, last }: { contract: Contract; last: number }) =>
      rehearsePolicy('contract', contract, last),
  })
  const put = async () => {
    // This is gone by the time that it is published: there is nothing unpublished then.
    const made = await publish
      .mutateAsync({ document: draft.contract, note: note.trim(), base: draft.base })
      .catch(() => null)
    if (made === null) return
    draft.discard()
    notifications.show({ message: `Version ${made.version} is in force for events sent from now on.` })
  }
  const flaws = flawsOf(draft.contract)
  const stale = draft.base !== policy.version || isApiError(publish.error, 'policy_changed')
  const rehearsed = rehearse.variables?.contract === draft.contract
  return (
    <div id={reviewId} tabIndex={-1} className={classes.review}>
      <Panel
        title={plural(draft.changes.length, 'unpublished change')}
        note={`From version ${formatNumber(draft.base)}. Only you see them until you publish.`}
        actions={
          <Button variant="default" onClick={draft.discard}>
            Discard
          </Button>
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
          {stale ? (
            <ErrorNote
              error={
                new Error(
                  'Somebody else has published a version since you began. Discard your changes to see it, then make them again.',
                )
              }
              meaning="Your changes were not published."
            />
          ) : (
            publish.error && (
              <ErrorNote error={publish.error} meaning="Nothing was published: what was in force still is." />
            )
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
            <Button type="submit" loading={publish.isPending} disabled={flaws.length > 0 || stale}>
              Publish
            </Button>
          </div>
        </form>
      </Panel>
      <Rehearsal
        what="this contract"
        run={(last) => rehearse.mutate({ contract: draft.contract, last })}
        pending={rehearse.isPending}
        error={rehearse.error}
        report={rehearse.data}
        current={rehearsed}
        disabled={flaws.length > 0}
      />
    </div>
  )
}
