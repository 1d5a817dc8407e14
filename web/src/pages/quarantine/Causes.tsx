import { Button, SegmentedControl, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { causesOptions, causeTrendOptions, schemaVersionOptions } from '../../api/quarantine'
import type { Cause } from '../../api/types'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Prose } from '../../parts/Prose'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatRange, formatTime } from '../../time/format'
import type { Range } from '../../time/range'
import { useTravel, useView } from '../../view/useView'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'
import { Sparkline } from './Sparkline'
import { everyBucket, rangeOf } from './trend'
import { faultOf } from './words'

/** Whether events are set aside, since when, and why. */
export default function Causes() {
  const [params, setParams] = useSearchParams()
  const resolved = params.get('show') === 'resolved'
  const answer = useQuery(causesOptions(!resolved))
  const causes = answer.data?.filter((c) => (c.open === 0) === resolved)
  const show = (which: string) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (which === 'open') next.delete('show')
      else next.set('show', which)
      return next
    })
  return (
    <QuarantineFrame
      title="Quarantine"
      lead="Events that broke a rule: kept, in no number, until they are put right. The good events of the same batch were stored."
    >
      {!resolved && <Answer causes={causes} />}
      <Panel
        title={resolved ? 'Resolved causes' : 'Causes'}
        note={
          resolved
            ? 'None of their events is in quarantine any more: all were put right.'
            : 'Events that break the same rule in the same place have one cause.'
        }
        actions={
          <SegmentedControl
            size="xs"
            aria-label="Which causes"
            value={resolved ? 'resolved' : 'open'}
            onChange={show}
            data={[
              { value: 'open', label: 'Open' },
              { value: 'resolved', label: 'Resolved' },
            ]}
          />
        }
        flush
      >
        {answer.error && !answer.data ? (
          <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
        ) : causes === undefined ? (
          <SkeletonRows />
        ) : causes.length === 0 ? (
          <None resolved={resolved} />
        ) : (
          <CauseTable causes={causes} />
        )}
      </Panel>
    </QuarantineFrame>
  )
}

/** As many causes are answered at most. */
const most = 200

/** The answer: how many, since when. */
function Answer({ causes }: { causes: readonly Cause[] | undefined }) {
  const { tz } = useView()
  if (causes === undefined) return <Skeleton height={76} radius="lg" />
  if (causes.length === 0) return null
  const events = causes.reduce((sum, c) => sum + c.open, 0)
  const first = causes.map((c) => c.first_seen).reduce((a, b) => (a < b ? a : b))
  return (
    <section className={classes.answer} aria-label="How many">
      <p className={classes.headline}>
        <strong>{formatNumber(events)}</strong> {events === 1 ? 'event is' : 'events are'} in quarantine
        {causes.length >= most && ', or more'}
      </p>
      <p className="quiet">
        For {plural(causes.length, 'cause')}, the oldest since <Time at={first} zone={tz} /> {tz}. In no number until
        they are put right; nothing of them is lost.
      </p>
    </section>
  )
}

function None({ resolved }: { resolved: boolean }) {
  const travel = useTravel()
  return resolved ? (
    <Empty title="No resolved cause" icon={<ShieldCheck size={36} strokeWidth={1.4} />}>
      A cause stands here once all its events were put right, for as long as they are kept.
    </Empty>
  ) : (
    <Empty
      title="Nothing in quarantine"
      icon={<ShieldCheck size={36} strokeWidth={1.4} />}
      action={
        <Button component={Link} to={travel('/data/contract')} variant="default">
          See the contract
        </Button>
      }
    >
      Every event that was received kept to the rules. One that does not shows here with its reason, and can be put
      right; its sender is told as well.
    </Empty>
  )
}

const firstShown = 20

function CauseTable({ causes }: { causes: readonly Cause[] }) {
  const { tz } = useView()
  const [all, setAll] = useState(false)
  const [now] = useState(() => new Date())
  const range = rangeOf(causes, now)
  return (
    <>
      <TableScroll label="Causes" className={classes.causes}>
        <table>
          <thead>
            <tr>
              <th scope="col">Cause</th>
              <th scope="col" className="number">
                In quarantine
              </th>
              <th scope="col">{formatRange(range, tz)}</th>
              <th scope="col">Last seen ({tz})</th>
              <th scope="col">First seen</th>
              <th scope="col">Schema</th>
              <th scope="col" className="number" title="Versions of libraries, counted for each source">
                Senders
              </th>
            </tr>
          </thead>
          <tbody>
            {(all ? causes : causes.slice(0, firstShown)).map((c) => (
              <Row key={c.id} cause={c} range={range} />
            ))}
          </tbody>
        </table>
      </TableScroll>
      {!all && causes.length > firstShown && (
        <div className={classes.more}>
          <Button variant="default" onClick={() => setAll(true)}>
            Show all {formatNumber(causes.length)} causes
          </Button>
        </div>
      )}
    </>
  )
}

function Row({ cause: c, range }: { cause: Cause; range: Range }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <tr>
      <td className={classes.cause}>
        <Link to={travel(`/data/quarantine/${c.id}`)}>
          <strong>{c.event === '' ? 'An event' : c.event}</strong> {faultOf(c.code)}
        </Link>
        <div className={classes.reason}>
          {c.path !== '' && <code className="mono">{c.path}</code>} <Prose>{c.message}</Prose>
        </div>
      </td>
      <td className="number">
        <strong className={classes.count}>{formatNumber(c.open)}</strong>
        {c.repaired > 0 && <div className="quiet">{formatNumber(c.repaired)} put right</div>}
      </td>
      <td>
        <Trend cause={c} range={range} />
      </td>
      <td className={classes.time}>{formatTime(c.last_seen, tz)}</td>
      <td className={classes.time}>{formatTime(c.first_seen, tz)}</td>
      <td>
        <SchemaVersion id={c.schema_id} />
      </td>
      <td className="number">{formatNumber(c.senders)}</td>
    </tr>
  )
}

function Trend({ cause, range }: { cause: Cause; range: Range }) {
  const { tz } = useView()
  const { data } = useQuery(causeTrendOptions(cause.id, range, tz))
  const [now] = useState(() => new Date())
  if (data === undefined) return <Skeleton width={112} height={26} />
  return <Sparkline values={everyBucket(data, now).map((p) => p.value ?? 0)} period={formatRange(range, tz)} />
}

/** The subject and version that a schema ID stands for, as a link to it. */
export function SchemaVersion({ id }: { id: number }) {
  const travel = useTravel()
  const { data, isPending } = useQuery(schemaVersionOptions(id))
  if (id === 0) return <span className="quiet">–</span>
  if (isPending) return <Skeleton width={80} height={16} />
  if (data === null || data === undefined) return <span className="quiet">ID {id}</span>
  return (
    <Link className={classes.schema} to={travel(`/data/schemas/subjects/${encodeURIComponent(data.subject)}/versions`)}>
      {data.subject} v{data.version}
    </Link>
  )
}
