import { More } from '../../parts/More'
import { SegmentedControl } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { CircleAlert, CircleCheck, CircleMinus, Hourglass, Send } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { incidentsOptions } from '../../api/alerts'
import { deliveriesOptions, type Delivery } from '../../api/notify'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { usePeople } from './targets'

const states: readonly { value: 'all' | Delivery['state']; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'sent', label: 'Sent' },
  { value: 'failed', label: 'Failed' },
]

/** Every message that was to be sent, and what came of it. */
export default function Deliveries() {
  const [state, setState] = useState<'all' | Delivery['state']>('all')
  const answer = useInfiniteQuery(deliveriesOptions(state === 'all' ? {} : { state }))
  const deliveries = answer.data?.pages.flatMap((p) => p.deliveries)
  const incidents = useInfiniteQuery(incidentsOptions())
  const titles = new Map(incidents.data?.pages.flatMap((p) => p.incidents.map((i) => [i.id, i.title] as const)))
  return (
    <AlertsPage title="Messages" lead="Every message that was to be sent, with every attempt. Kept for 90 days.">
      <Panel
        title={deliveries === undefined ? 'Messages' : deliveries.length === 0 ? 'No message' : 'Newest first'}
        actions={
          <SegmentedControl
            size="xs"
            value={state}
            onChange={setState}
            data={states.map((s) => ({ ...s }))}
            aria-label="Which messages"
          />
        }
        flush
      >
        {answer.error && !answer.data ? (
          <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
        ) : deliveries === undefined ? (
          <SkeletonRows />
        ) : deliveries.length === 0 ? (
          <Empty
            title={state === 'all' ? 'Nothing was sent yet' : 'None of this kind'}
            icon={<Send size={36} strokeWidth={1.4} />}
          >
            When an incident opens, the people of its escalation policy are told, and each message shows here with the
            answer of whoever took it.
          </Empty>
        ) : (
          <>
            <DeliveryTable deliveries={deliveries} titles={titles} />
            <More answer={answer}>Show older messages</More>
          </>
        )}
      </Panel>
    </AlertsPage>
  )
}

const kindNames: Record<Delivery['kind'], string> = { firing: 'It fires', resolved: 'It is over', test: 'A test' }
export const deliveryNames: Record<Delivery['state'], string> = {
  waiting: 'Waiting',
  sent: 'Sent',
  failed: 'Failed',
  cancelled: 'Not needed any more',
}

interface DeliveryTableProps {
  deliveries: readonly Delivery[]
  /** What the newest incidents are called, by their IDs. Left out where all is about one incident. */
  titles?: ReadonlyMap<string, string>
}

/** Messages as rows, each with its attempts. */
export function DeliveryTable({ deliveries, titles }: DeliveryTableProps) {
  const { tz } = useView()
  const travel = useTravel()
  const { emailOf } = usePeople()
  return (
    <TableScroll label="Messages" className={classes.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">When ({tz})</th>
            <th scope="col">To</th>
            <th scope="col">What</th>
            <th scope="col">State</th>
            <th scope="col">Attempts</th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((d) => (
            <tr key={d.id}>
              <td className={classes.nowrap}>
                <Time at={d.created_at} zone={tz} />
              </td>
              <td>
                {d.channel_name ?? (d.member === null ? 'A channel that is gone' : emailOf(d.member))}
                {d.channel_name !== null && d.member !== null && <div className="quiet">{emailOf(d.member)}</div>}
              </td>
              <td>
                {titles !== undefined && d.incident_id !== null ? (
                  <>
                    <Link to={travel(`/alerts/incidents/${d.incident_id}`)}>
                      {titles.get(d.incident_id) ?? 'An incident'}
                    </Link>
                    <div className="quiet">{[kindNames[d.kind], ...stepOf(d)].join(', ')}</div>
                  </>
                ) : (
                  <>
                    {kindNames[d.kind]}
                    {d.step !== null && <div className="quiet">{stepOf(d).join(', ')}</div>}
                  </>
                )}
              </td>
              <td>
                <DeliveryMark state={d.state} />
                {d.next_attempt_at !== null && (
                  <div className="quiet">
                    again <Time at={d.next_attempt_at} zone={tz} />
                  </div>
                )}
              </td>
              <td className={classes.attempts}>
                <Attempts delivery={d} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

/** Which step of its escalation a message belongs to. */
function stepOf(d: Delivery): string[] {
  if (d.step === null) return []
  return [`step ${d.step}`, ...(d.round !== null && d.round > 1 ? [`round ${d.round}`] : [])]
}

const stateIcons = { waiting: Hourglass, sent: CircleCheck, failed: CircleAlert, cancelled: CircleMinus } as const

function DeliveryMark({ state }: { state: Delivery['state'] }) {
  const Icon = stateIcons[state]
  return (
    <span className={classes.mark} data-delivery={state}>
      <Icon size={16} aria-hidden="true" />
      {deliveryNames[state]}
    </span>
  )
}

function Attempts({ delivery }: { delivery: Delivery }) {
  const last = delivery.attempts.at(-1)
  if (last === undefined) return <span className="quiet">None yet</span>
  return (
    <>
      {delivery.attempts.length > 1 && <div>{plural(delivery.attempts.length, 'attempt')}, the last:</div>}
      <div>
        {last.status !== null ? `HTTP ${last.status}` : last.outcome === 'delivered' && 'The mail server took it'}
        {last.elapsed_ms !== null && last.elapsed_ms > 0 && (
          <span className="quiet"> in {formatNumber(last.elapsed_ms)} ms</span>
        )}
      </div>
      {last.error !== '' && <div className={classes.fault}>{last.error}</div>}
      {last.answer !== '' && <code className={classes.reply}>{last.answer}</code>}
    </>
  )
}
