import { More } from '../../parts/More'
import { Drawer, Select } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { causesOptions, quarantinedOptions } from '../../api/quarantine'
import { sourcesOptions } from '../../api/queries'
import type { QuarantinedEvent } from '../../api/types'
import { formatNumber } from '../../numbers/format'
import { CodeBlock, CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Prose } from '../../parts/Prose'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'
import { causeTitle, faultOf } from './words'

/** The single events in quarantine, of one cause or of all. */
export default function QuarantinedEvents() {
  const [params, setParams] = useSearchParams()
  const cause = params.get('cause')
  const { data: causes = [] } = useQuery(causesOptions(true))
  const options = causes.map((c) => ({ value: c.id, label: `${causeTitle(c)} (${formatNumber(c.open)})` }))
  const choose = (id: string | null) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (id === null) next.delete('cause')
      else next.set('cause', id)
      return next
    })
  return (
    <QuarantineFrame
      title="Events in quarantine"
      lead="Each event that broke a rule, redacted like every other, newest first."
    >
      <Panel
        label="Quarantined events"
        actions={
          <Select
            className={classes.causePicker}
            aria-label="Cause"
            placeholder="Every cause"
            data={
              cause === null || options.some((o) => o.value === cause)
                ? options
                : [...options, { value: cause, label: 'Another cause' }]
            }
            value={cause}
            onChange={choose}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'Every cause' }}
            nothingFoundMessage="No such cause"
          />
        }
        flush
      >
        <List key={cause} cause={cause} />
      </Panel>
    </QuarantineFrame>
  )
}

function List({ cause }: { cause: string | null }) {
  const { tz } = useView()
  const answer = useInfiniteQuery(quarantinedOptions(cause))
  const [open, setOpen] = useState<QuarantinedEvent | null>(null)
  const events = answer.data?.pages.flatMap((p) => p.events) ?? []
  if (answer.error && !answer.data) return <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
  if (answer.data === undefined) return <SkeletonRows />
  if (events.length === 0) {
    return (
      <Empty title="Nothing in quarantine" icon={<ShieldCheck size={36} strokeWidth={1.4} />}>
        {cause === null
          ? 'Every event that was received kept to the rules. One that does not shows here with its reason, and its sender is told as well.'
          : 'No event of this cause is in quarantine: they were put right, or their time was over.'}
      </Empty>
    )
  }
  return (
    <>
      <TableScroll label="Quarantined events">
        <table>
          <thead>
            <tr>
              <th scope="col">Received ({tz})</th>
              <th scope="col">Event</th>
              <th scope="col">What is wrong</th>
              <th scope="col">Sender</th>
            </tr>
          </thead>
          <tbody>
            {events.map((e) => (
              <tr key={`${e.receipt} ${e.index}`}>
                <td className={classes.time}>
                  <Time at={e.received_at} zone={tz} />
                </td>
                <td>
                  <button type="button" className={classes.open} onClick={() => setOpen(e)}>
                    {e.event === '' ? 'No name' : e.event}
                  </button>
                  <div className={`mono quiet ${classes.id}`}>{e.event_id}</div>
                </td>
                <td>
                  {faultOf(e.code)}
                  <div className={classes.reason}>
                    {e.path !== '' && <code className="mono">{e.path}</code>} <Prose>{e.message}</Prose>
                  </div>
                </td>
                <td className="mono">{[e.sdk_name, e.sdk_version].filter(Boolean).join(' ') || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      <More answer={answer}>Show older events</More>
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        size="lg"
        title={open === null ? 'Quarantined event' : causeTitle(open)}
      >
        {open !== null && <OneEvent event={open} />}
      </Drawer>
    </>
  )
}

function OneEvent({ event: e }: { event: QuarantinedEvent }) {
  const { tz } = useView()
  const travel = useTravel()
  const { data: sources = [] } = useQuery(sourcesOptions)
  return (
    <div className={classes.detail}>
      <p>
        {e.path !== '' && <code className="mono">{e.path}</code>} <Prose>{e.message}</Prose>{' '}
        <code className="mono quiet">{e.code}</code>
      </p>
      <p>
        <Link to={travel(`/data/quarantine/${e.cause}`)}>Its cause, and how to put it right</Link>
      </p>
      <Facts
        facts={[
          ['Received', <Time key="t" at={e.received_at} zone={tz} exact />],
          ['Event', e.event],
          ['Event ID', e.event_id && <CopyText key="e" value={e.event_id} what="the event ID" />],
          ['Source', sources.find((s) => s.id === e.source_id)?.name ?? e.source_id],
          ['Library', [e.sdk_name, e.sdk_version].filter(Boolean).join(' ')],
          ['Redacted by', e.redactions.join(', ')],
          ['Kept until', <Time key="u" at={e.expires_at} zone={tz} />],
          ['Correlation ID', <CopyText key="c" value={e.correlation_id} what="the correlation ID" />],
          [
            'Receipt',
            <Link key="r" to={`/data/receipts/${encodeURIComponent(e.receipt)}`} className="mono">
              {e.receipt}
            </Link>,
          ],
          ['Place in the batch', e.index + 1],
        ]}
      />
      <h3 className={classes.heading}>As it is kept</h3>
      <Payload event={e} />
    </div>
  )
}

/** What is kept of an event: laid out where it is JSON. */
export function Payload({ event: e }: { event: QuarantinedEvent }) {
  if (e.payload === '') return <p className="quiet">Nothing of it could be kept.</p>
  return <CodeBlock code={pretty(e.payload)} what="the event as it is kept" wrap />
}

/** JSON is laid out; what is none is shown as it came. */
function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}
