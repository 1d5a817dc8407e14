import { Button, Skeleton, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Timer } from 'lucide-react'
import { useMemo } from 'react'
import { durationsOptions, type Durations as Answer, type JobDurations } from '../../api/jobs'
import { ChartPanel } from '../../charts/ChartPanel'
import type { ChartSeries } from '../../charts/model'
import { formatNumber, formatShare } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { seriesColor, tokens } from '../../theme/tokens'
import { formatPeriod, formatRange, formatSpan } from '../../time/format'
import type { Range } from '../../time/range'
import { useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { everyBucket, summed } from './spells'
import classes from './Work.module.css'
import { WorkPage } from './WorkPage'
import { kindName } from './words'

const day: Range = { kind: 'preset', preset: '24h' }

/** How long jobs take, and whether that changes. */
export default function Durations() {
  const view = useView()
  const range = view.range ?? day
  const { data, error, refetch } = useQuery(durationsOptions(range, view.tz))
  return (
    <WorkPage
      title="Durations"
      lead="How long attempts at jobs take, by kind. What grows from day to day will be late one day."
      bar={<ViewBar range={range} parts={['range']} />}
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <>
          <Skeleton height={160} radius="lg" />
          <Skeleton height={320} radius="lg" />
        </>
      ) : data.kinds.length === 0 ? (
        <Panel label="Durations">
          <Empty
            title="No job ran in this time"
            icon={<Timer size={36} strokeWidth={1.4} />}
            action={
              <Button variant="default" onClick={() => view.change({ range: { kind: 'preset', preset: '7d' } })}>
                Show the last 7 days
              </Button>
            }
          >
            {formatRange(range, view.tz)}. As soon as jobs have run, each kind has its trend here.
          </Empty>
        </Panel>
      ) : (
        <>
          <Kinds answer={data} />
          <div className={classes.charts}>
            {data.kinds.map((k) => (
              <Trend key={k.kind} kind={k} answer={data} />
            ))}
          </div>
        </>
      )}
    </WorkPage>
  )
}

function Kinds({ answer }: { answer: Answer }) {
  const { tz } = useView()
  return (
    <Panel title="Kinds of jobs" note={`${formatPeriod(answer.period, tz)}, ${tz}.`} flush>
      <TableScroll label="Kinds of jobs">
        <table>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col" className="number">
                Attempts
              </th>
              <th scope="col" className="number">
                Failed
              </th>
              <th scope="col" className="number">
                Median, newest {answer.interval}
              </th>
              <th scope="col" className="number">
                95th percentile
              </th>
              <th scope="col" className="number">
                Longest of all
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.kinds.map((k) => {
              const s = summed(k.spells)
              return (
                <tr key={k.kind}>
                  <td>{kindName(k.kind)}</td>
                  <td className="number">{formatNumber(s.count)}</td>
                  <td className={`number ${s.failed === 0 ? 'quiet' : classes.error}`}>
                    {formatNumber(s.failed)}
                    {s.failed > 0 && ` (${formatShare(s.failed / s.count)})`}
                  </td>
                  <td className="number">{formatSpan(s.newest?.p50_seconds)}</td>
                  <td className="number">{formatSpan(s.newest?.p95_seconds)}</td>
                  <td className="number">{formatSpan(s.longest)}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}

function Trend({ kind, answer }: { kind: JobDurations; answer: Answer }) {
  const { tz } = useView()
  const t = tokens[useComputedColorScheme('dark')]
  // Days are those of UTC, whichever zone the times are told in.
  const zone = answer.interval === 'day' ? 'UTC' : tz
  const series = useMemo<ChartSeries[]>(() => {
    const points = everyBucket(kind.spells, answer.interval, answer.period)
    return [
      { name: 'Half of them', color: seriesColor(t, 0), points: points((s) => s.p50_seconds) },
      { name: '95 of 100', color: seriesColor(t, 1), points: points((s) => s.p95_seconds) },
    ]
  }, [kind.spells, answer.interval, answer.period, t])
  return (
    <ChartPanel
      title={kindName(kind.kind)}
      note={`Seconds within which attempts ended, by the ${answer.interval}, ${zone}.`}
      series={series}
      interval={answer.interval}
      zone={zone}
      kind="line"
      format={formatSpan}
      height={220}
      group="durations"
      file={['durations', kind.kind]}
    />
  )
}
