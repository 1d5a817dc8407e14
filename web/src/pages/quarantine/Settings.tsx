import { Button, NumberInput, Skeleton, Switch, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { isApiError } from '../../api/errors'
import { policyOptions, policyVersionsOptions, usePublishPolicy } from '../../api/policies'
import type { Policy } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'

interface Kept {
  keep_days: number
  notify: boolean
}

const mostDays = 365

function keptOf(policy: Pick<Policy, 'document'>): Kept {
  const d = policy.document as Partial<Kept>
  return { keep_days: d.keep_days ?? 90, notify: d.notify ?? true }
}

/** How long events in quarantine are kept, and who is told of new causes. */
export default function Settings() {
  const { data: policy, error, refetch } = useQuery(policyOptions('quarantine'))
  return (
    <QuarantineFrame title="Quarantine settings" lead="How long events are kept, and who is told of new causes.">
      {error && !policy ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : policy ? (
        <>
          <Form key={policy.version} policy={policy} />
          <Versions />
        </>
      ) : (
        <Skeleton height={260} radius="lg" />
      )}
    </QuarantineFrame>
  )
}

function Form({ policy }: { policy: Policy }) {
  const me = useMe()
  const kept = keptOf(policy)
  const [days, setDays] = useState<number | string>(kept.keep_days)
  const [notify, setNotify] = useState(kept.notify)
  const [note, setNote] = useState('')
  const publish = usePublishPolicy('quarantine')
  const valid = typeof days === 'number' && Number.isInteger(days) && days >= 1 && days <= mostDays
  const changed = days !== kept.keep_days || notify !== kept.notify
  const may = mayManage(me.role)
  return (
    <Panel
      title="In force"
      note={policy.version === 0 ? 'The default: nothing was changed yet.' : `Version ${policy.version}.`}
    >
      <form
        className={classes.settings}
        onSubmit={(e) => {
          e.preventDefault()
          if (!valid || !changed) return
          publish.mutate(
            { document: { keep_days: days, notify }, note: note.trim(), base: policy.version },
            { onSuccess: () => notifications.show({ message: 'In force for events that are set aside from now on.' }) },
          )
        }}
      >
        <NumberInput
          label="Kept for, in days"
          description="Of events that are set aside from then on: each takes its end with it when it arrives. What is not put right by then is deleted."
          value={days}
          onChange={setDays}
          min={1}
          max={mostDays}
          allowDecimal={false}
          clampBehavior="none"
          error={valid ? undefined : `A whole number from 1 to ${mostDays}.`}
          disabled={!may}
          className={classes.days}
        />
        <Switch
          label="Mail owners and admins of new causes"
          description="Once for each cause, a quarter of an hour at most after its first event. The mail names the rule and nothing of the events."
          checked={notify}
          onChange={(e) => setNotify(e.currentTarget.checked)}
          disabled={!may}
        />
        {may ? (
          <>
            {changed && (
              <TextInput
                label="Note"
                description="Why. It stands in the history."
                value={note}
                onChange={(e) => setNote(e.currentTarget.value)}
                maxLength={500}
              />
            )}
            {publish.error && (
              <ErrorNote
                error={
                  isApiError(publish.error, 'policy_changed')
                    ? new Error('Somebody else has changed this meanwhile. Reload the page to see it.')
                    : publish.error
                }
                meaning="Nothing was changed: what was in force still is."
              />
            )}
            <div>
              <Button type="submit" loading={publish.isPending} disabled={!valid || !changed}>
                Save
              </Button>
            </div>
          </>
        ) : (
          <p className="quiet">Only owners and admins can change this.</p>
        )}
      </form>
    </Panel>
  )
}

function Versions() {
  const { tz } = useView()
  const { data, error, refetch } = useQuery(policyVersionsOptions('quarantine'))
  if (data?.length === 0) return null
  return (
    <Panel title="History" note="The newest is in force." flush>
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <SkeletonRows rows={2} />
      ) : (
        <TableScroll label="Versions of the settings">
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  Version
                </th>
                <th scope="col" className="number">
                  Kept, days
                </th>
                <th scope="col">Mails</th>
                <th scope="col">Since ({tz})</th>
                <th scope="col">By</th>
                <th scope="col">Note</th>
              </tr>
            </thead>
            <tbody>
              {data.map((v) => (
                <tr key={v.version}>
                  <td className="number">{v.version}</td>
                  <td className="number">{keptOf(v).keep_days}</td>
                  <td>{keptOf(v).notify ? 'On' : 'Off'}</td>
                  <td className={classes.time}>{v.created_at !== null && <Time at={v.created_at} zone={tz} />}</td>
                  <td>{v.created_by}</td>
                  <td>{v.note}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Panel>
  )
}
