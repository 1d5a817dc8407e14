import { Button, Skeleton, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useMemo } from 'react'
import { Link } from 'react-router'
import { ledgerOptions } from '../../api/queries'
import type { Ledger, LedgerHour } from '../../api/types'
import { ChartPanel } from '../../charts/ChartPanel'
import type { ChartSeries } from '../../charts/model'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { tokens } from '../../theme/tokens'
import { formatBucket, formatClock, formatPeriod, formatRange } from '../../time/format'
import { resolve, type Range } from '../../time/range'
import { useTravel, useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { DataPage } from './DataPage'
import classes from './Delivery.module.css'
import { ends, imbalance, statusColor, statusMeanings, statusNames } from './statuses'

const week: Range = { kind: 'preset', preset: '7d' }

/** Where every received event went: the conservation ledger. */
export default function Delivery() {
  const view = useView()
  const range = view.range ?? week
  const { data: ledger, error, refetch, dataUpdatedAt } = useQuery(ledgerOptions(range, view.tz))
  return (
    <DataPage
      title="Delivery"
      lead="Every event that was received is stored, or it is told why not. Counted by the hour of receipt, whenever the events happened."
      bar={<ViewBar range={range} parts={['range']} />}
    >
      {error && !ledger ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : ledger === undefined ? (
        <Skeleton height={420} radius="lg" />
      ) : ledger.hours.length === 0 ? (
        <Panel label="Delivery">
          <Empty
            title="Nothing was received"
            action={
              view.range !== null && (
                <Button variant="default" onClick={() => view.change({ range: week })}>
                  Show the last 7 days
                </Button>
              )
            }
          >
            No event was received in this time: {formatRange(range, view.tz)}. Events of the past that were imported
            count here by when they were received.
          </Empty>
        </Panel>
      ) : (
        <Balance ledger={ledger} range={range} asked={dataUpdatedAt} />
      )}
    </DataPage>
  )
}

interface BalanceProps {
  ledger: Ledger
  range: Range
  /** When the ledger was read, in milliseconds since 1970. */
  asked: number
}

function Balance({ ledger, range, asked }: BalanceProps) {
  const { tz } = useView()
  const travel = useTravel()
  const t = tokens[useComputedColorScheme('dark')]
  // Received hours only, newest first, are answered; the chart has all hours between, oldest first.
  const hours = useMemo(() => everyHour(ledger.hours), [ledger.hours])
  const series = useMemo<ChartSeries[]>(
    () =>
      ends
        .filter((end) => end === 'stored' || ledger.totals[end] > 0)
        .map((end) => ({
          name: statusNames[end],
          color: statusColor(end, t),
          points: hours.map((h) => ({ time: h.hour, value: h.counts[end], partial: isNow(h.hour) })),
        })),
    [hours, ledger.totals, t],
  )
  const period = formatPeriod(resolve(range, tz, new Date()), tz)
  return (
    <>
      <section className={classes.balance} aria-label="Where the received events went">
        <Verdict ledger={ledger} />
        <p className={classes.period}>
          {period}, {tz}.{' '}
          {asked !== 0 && <>As of {formatClock(new Date(asked), tz)}; this page asks again by itself.</>}
        </p>
        <div
          className={classes.equation}
          role="group"
          aria-label={`Received ${formatNumber(ledger.totals.received)}, and where they went`}
        >
          <Term name="Received" value={ledger.totals.received} meaning="Acknowledged to the sender." large />
          <span className={classes.sign} aria-hidden="true">
            =
          </span>
          {ends.map((end, i) => (
            <span className={classes.part} key={end}>
              {i > 0 && (
                <span className={classes.sign} aria-hidden="true">
                  +
                </span>
              )}
              <Term
                name={statusNames[end]}
                value={ledger.totals[end]}
                meaning={statusMeanings[end]}
                color={statusColor(end, t)}
              />
            </span>
          ))}
        </div>
        {ledger.totals.quarantined > 0 && (
          <p className={classes.onward}>
            <Link to={travel('/data/quarantine')}>Why events are in quarantine, and how to put them right</Link>
          </p>
        )}
      </section>
      <ChartPanel
        title="Received by the hour"
        note={`Events by what became of them. ${period}, ${tz}.`}
        series={series}
        interval="hour"
        zone={tz}
        kind="stack"
        format={formatNumber}
        file={['delivery', period]}
        group="delivery"
        footer={
          <p className={classes.footer}>
            An event that is repaired moves from quarantined to stored, in the hour in which it was received.
          </p>
        }
      />
      <Panel title="Hours" note="Those in which events were received, newest first." flush>
        <HoursTable hours={ledger.hours} zone={tz} />
      </Panel>
    </>
  )
}

/** The answer: whether every event is accounted for, and what to do where one is not. */
function Verdict({ ledger }: { ledger: Ledger }) {
  const { tz } = useView()
  const off = ledger.hours.filter((h) => !h.balanced)
  const { received } = ledger.totals
  if (off.length === 0) {
    return (
      <div className={classes.verdict}>
        <CircleCheck size={26} aria-hidden="true" />
        <div>
          <h2>
            {received === 1
              ? 'The one received event is accounted for'
              : `Every one of ${formatNumber(received)} received events is accounted for`}
          </h2>
          <p>
            Every hour balances: nothing was lost, and nothing was counted twice. For the last day the store was counted
            to check.
          </p>
        </div>
      </div>
    )
  }
  const newest = off[0]?.hour ?? ''
  return (
    <div className={classes.verdict} data-off="true" role="alert">
      <TriangleAlert size={26} aria-hidden="true" />
      <div>
        <h2>
          {plural(off.length, 'hour')} {off.length === 1 ? 'does' : 'do'} not balance
        </h2>
        <p>
          The newest is {formatBucket(newest, 'hour', tz)} {tz}. What was received is still in the log, so nothing needs
          to be sent again. Whoever runs Observatory has been alerted; tell them the hours that are marked below.
        </p>
      </div>
    </div>
  )
}

function Term({
  name,
  value,
  meaning,
  color,
  large = false,
}: {
  name: string
  value: number
  meaning: string
  color?: string
  large?: boolean
}) {
  return (
    <span className={classes.term} data-large={large} data-none={value === 0} title={meaning}>
      <span className={classes.termName}>
        {color !== undefined && <i style={{ background: color }} aria-hidden="true" />}
        {name}
      </span>
      <span className={classes.termValue}>{formatNumber(value)}</span>
    </span>
  )
}

function HoursTable({ hours, zone }: { hours: readonly LedgerHour[]; zone: string }) {
  const someRemoved = hours.some((h) => h.removed > 0)
  return (
    <TableScroll label="Hours, table" className={classes.hours}>
      <table>
        <thead>
          <tr>
            <th scope="col">Hour ({zone})</th>
            <th scope="col" className="number">
              Received
            </th>
            {ends.map((e) => (
              <th scope="col" className="number" key={e}>
                {statusNames[e]}
              </th>
            ))}
            {someRemoved && (
              <th scope="col" className="number" title="Erased, or past their retention">
                Removed since
              </th>
            )}
            <th scope="col">Balance</th>
          </tr>
        </thead>
        <tbody>
          {hours.map((h) => (
            <tr key={h.hour}>
              <td>{formatBucket(h.hour, 'hour', zone)}</td>
              <td className="number">
                <strong>{formatNumber(h.counts.received)}</strong>
              </td>
              {ends.map((e) => (
                <td className={`number ${h.counts[e] === 0 ? 'quiet' : ''}`} key={e}>
                  {formatNumber(h.counts[e])}
                </td>
              ))}
              {someRemoved && <td className={`number ${h.removed === 0 ? 'quiet' : ''}`}>{formatNumber(h.removed)}</td>}
              <td>
                {h.balanced ? (
                  'Balanced'
                ) : (
                  <strong className={classes.off}>
                    {imbalance(h.counts) === 0 ? 'Store differs' : `${formatNumber(imbalance(h.counts))} unexplained`}
                  </strong>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

const hourMs = 3_600_000

/** The hours from the first to the last, those without events included: a gap in the chart must show as a gap. */
function everyHour(received: readonly LedgerHour[]): LedgerHour[] {
  const known = new Map(received.map((h) => [Date.parse(h.hour), h]))
  const times = [...known.keys()]
  const first = Math.min(...times)
  // A few hours of nothing around a single one, so that it has a place in time.
  const start = Math.min(first, Math.max(...times) - 11 * hourMs)
  const nothing = { received: 0, stored: 0, duplicate: 0, quarantined: 0, suppressed: 0, held: 0 }
  const count = Math.round((Math.max(...times) - start) / hourMs) + 1
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * hourMs
    return known.get(at) ?? { hour: new Date(at).toISOString(), counts: nothing, removed: 0, balanced: true }
  })
}

function isNow(hour: string): boolean {
  return Date.now() - Date.parse(hour) < hourMs
}
