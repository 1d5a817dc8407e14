import { Skeleton, UnstyledButton, useComputedColorScheme, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useNavigate } from 'react-router'
import { trendOptions, type Trend } from '../../api/trends'
import { useMe } from '../../app/session'
import { ChartPanel } from '../../charts/ChartPanel'
import type { ChartSeries } from '../../charts/model'
import { useIncidents } from '../../charts/useIncidents'
import { formatNumber } from '../../numbers/format'
import { Delta } from '../../parts/Delta'
import { HowComputed } from '../../parts/HowComputed'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { formatPeriod } from '../../time/format'
import type { Range } from '../../time/range'
import { seriesColor, tokens } from '../../theme/tokens'
import { useView } from '../../view/useView'
import { writeView } from '../../view/view'
import classes from './Overview.module.css'

export type HeadlineMeasure = 'count' | 'unique_users'

export const headlineNames: Record<HeadlineMeasure, string> = { count: 'Events', unique_users: 'Visitors' }

const meanings: Record<HeadlineMeasure, string> = {
  count: 'How many events happened. Each event_id counts once, however often it was sent.',
  unique_users:
    'How many different people there were over the whole period: by user_id, or by anonymous_id where there is none. It is not the sum of the points.',
}

interface HeadlineProps {
  range: Range
  measure: HeadlineMeasure
  onMeasure: (m: HeadlineMeasure) => void
}

/** The two numbers, largest first, and the chart of the chosen one. */
export function Headline({ range, measure, onMeasure }: HeadlineProps) {
  const { tenant } = useMe()
  const view = useView()
  const navigate = useNavigate()
  const scheme = useComputedColorScheme('dark')
  const spec = (m: HeadlineMeasure) =>
    trendOptions(tenant.id, {
      range,
      zone: view.tz,
      interval: 'auto',
      measure: m,
      filter: view.query,
      compare: view.compare,
    })
  const answers = { count: useQuery(spec('count')), unique_users: useQuery(spec('unique_users')) }
  const { data: trend, error, refetch } = answers[measure]
  const incidents = useIncidents(trend?.period, null)
  const series = useMemo(
    () => (trend ? toSeries(trend, headlineNames[measure], seriesColor(tokens[scheme], 0)) : []),
    [trend, measure, scheme],
  )

  const zoom = (first: number, last: number) => {
    if (trend) view.change({ range: bucketRange(trend, first, last) })
  }
  const pick = (index: number) => {
    if (trend)
      void navigate(
        `/explore/events?${writeView(new URLSearchParams(window.location.search), { range: bucketRange(trend, index, index) }).toString()}`,
      )
  }
  const numbers = (
    <div className={classes.numbers}>
      {(['count', 'unique_users'] as const).map((m) => (
        <BigNumber
          key={m}
          name={headlineNames[m]}
          meaning={meanings[m]}
          answer={answers[m].data}
          chosen={m === measure}
          onChoose={() => onMeasure(m)}
          zone={view.tz}
        />
      ))}
    </div>
  )
  return (
    <section aria-label="Events and visitors">
      {error && !trend ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : trend ? (
        <ChartPanel
          lead={numbers}
          title={`${headlineNames[measure]} by the ${trend.interval}`}
          note={`${formatPeriod(trend.period, view.tz)}, ${view.tz}`}
          series={series}
          interval={trend.interval}
          zone={view.tz}
          kind="line"
          format={formatNumber}
          file={[headlineNames[measure], formatPeriod(trend.period, view.tz)]}
          onPick={pick}
          onZoom={zoom}
          group="overview"
          annotations={incidents}
        />
      ) : (
        <Panel lead={numbers}>
          <Skeleton height={372} radius="md" />
        </Panel>
      )}
    </section>
  )
}

interface BigNumberProps {
  name: string
  meaning: string
  answer: Trend | undefined
  chosen: boolean
  onChoose: () => void
  zone: string
}

function BigNumber({ name, meaning, answer, chosen, onChoose, zone }: BigNumberProps) {
  const total = answer?.result.series[0]?.total
  return (
    <div className={classes.number} data-chosen={chosen}>
      <UnstyledButton className={classes.numberButton} onClick={onChoose} aria-pressed={chosen}>
        <span className={classes.numberName}>{name}</span>
        {answer ? (
          <span className={classes.numberValue}>{formatNumber(total)}</span>
        ) : (
          <Skeleton height={44} width={140} />
        )}
        <VisuallyHidden>Show on the chart</VisuallyHidden>
      </UnstyledButton>
      <div className={classes.numberFoot}>
        {answer?.earlier ? (
          <Delta
            now={total}
            before={answer.earlier.result.series[0]?.total}
            earlier={answer.earlier.name}
            dates={formatPeriod(answer.earlier.period, zone)}
          />
        ) : (
          <span className="quiet">{answer ? 'Not compared' : '\u00a0'}</span>
        )}
        <HowComputed what={name} meaning={meaning} explanation={answer?.result.explanation} zone={zone} icon />
      </div>
    </div>
  )
}

function toSeries(trend: Trend, name: string, color: string): ChartSeries[] {
  const main = { name, color, points: trend.result.series[0]?.points ?? [] }
  const before = trend.earlier
  return before
    ? [main, { name: before.name, color, points: before.result.series[0]?.points ?? [], quiet: true }]
    : [main]
}

/** The range of some buckets of a trend: from the first one's start to the last one's end. */
export function bucketRange(trend: Trend, first: number, last: number): Range {
  const points = trend.result.series[0]?.points ?? []
  const from = new Date(points[first]?.time ?? trend.period.from)
  const to = new Date(points[last + 1]?.time ?? trend.period.to)
  return {
    kind: 'instants',
    from: (from < trend.period.from ? trend.period.from : from).toISOString(),
    to: to.toISOString(),
  }
}
