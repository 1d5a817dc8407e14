import { Button, CopyButton, Skeleton, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { trendOptions, type Trend } from '../../api/trends'
import { explorePages } from '../../app/places'
import { useMe } from '../../app/session'
import { ChartPanel } from '../../charts/ChartPanel'
import type { ChartSeries } from '../../charts/model'
import { useIncidents } from '../../charts/useIncidents'
import { formatNumber } from '../../numbers/format'
import { HowComputed } from '../../parts/HowComputed'
import { Page, Panel } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { SubNav } from '../../parts/SubNav'
import { seriesColor, tokens, type Tokens } from '../../theme/tokens'
import { formatPeriod } from '../../time/format'
import type { Range } from '../../time/range'
import { useShownRange, useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { bucketRange } from '../overview/Headline'
import { Breakdown } from './Breakdown'
import { Builder } from './Builder'
import { BucketEvents } from './BucketEvents'
import classes from './Explore.module.css'
import {
  breakdownName,
  measureNames,
  ofProperty,
  parseQuestion,
  startsAtZero,
  titleOf,
  writeQuestion,
  type Question,
} from './question'

/** Any number over time: which events, measured how, cut by what. The URL holds all of it. */
export default function Explore() {
  const me = useMe()
  const shown = useShownRange()
  const [params, setParams] = useSearchParams()
  const question = useMemo(() => parseQuestion(params), [params])
  const change = (c: Partial<Question>) => setParams((now) => writeQuestion(now, c))
  return (
    <Page
      title="Explore"
      organization={me.tenant.name}
      actions={
        <CopyButton value={window.location.href}>
          {({ copied, copy }) => (
            <Button variant="default" leftSection={<Link2 size={16} />} onClick={copy}>
              {copied ? 'Link copied' : 'Copy link'}
            </Button>
          )}
        </CopyButton>
      }
      bar={
        <>
          <SubNav label="Explore" pages={explorePages} />
          <ViewBar range={shown.range} />
        </>
      }
    >
      <div className={classes.columns}>
        <Builder question={question} range={shown.range} change={change} />
        <div className={classes.answer}>
          {shown.error ? (
            <ErrorNote error={shown.error} retry={shown.retry} />
          ) : shown.range === null ? (
            <Skeleton height={480} radius="lg" />
          ) : ofProperty(question.measure) && question.property === null ? (
            <Panel label="Answer">
              <Empty title="Which property?">
                {measureNames[question.measure]} is taken of a property that is a number, such as a price or a duration.
                Choose one on the left.
              </Empty>
            </Panel>
          ) : (
            <Answer question={question} range={shown.range} change={change} />
          )}
        </div>
      </div>
    </Page>
  )
}

interface AnswerProps {
  question: Question
  range: Range
  change: (c: Partial<Question>) => void
}

function Answer({ question, range, change }: AnswerProps) {
  const { tenant } = useMe()
  const view = useView()
  const t = tokens[useComputedColorScheme('dark')]
  const [bucket, setBucket] = useState<Range | null>(null)
  const { event, measure, property, breakdown, limit, interval } = question
  const {
    data: trend,
    error,
    refetch,
    isPlaceholderData,
  } = useQuery(
    trendOptions(tenant.id, {
      range,
      zone: view.tz,
      interval,
      measure,
      event,
      property,
      filter: view.query,
      breakdown,
      limit,
      compare: view.compare,
    }),
  )
  const incidents = useIncidents(trend?.period, event)
  const series = useMemo(() => (trend ? toSeries(trend, t) : []), [trend, t])
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />
  if (trend === undefined) return <Skeleton height={480} radius="lg" />
  const title = titleOf(question)
  const period = formatPeriod(trend.period, view.tz)
  return (
    <div className={classes.answer} aria-busy={isPlaceholderData}>
      <ChartPanel
        title={title}
        note={`${period}, by the ${trend.interval}, ${view.tz}`}
        series={series}
        interval={trend.interval}
        zone={view.tz}
        kind={question.chart === 'bar' ? 'bar' : 'line'}
        format={formatNumber}
        fromZero={startsAtZero(measure)}
        height={380}
        annotations={incidents}
        file={[title, period]}
        shows={question.chart === 'table' ? 'table' : 'chart'}
        onShow={(s) => change({ chart: s === 'table' ? 'table' : 'line' })}
        onPick={(i) => setBucket(bucketRange(trend, i, i))}
        onZoom={(first, last) => view.change({ range: bucketRange(trend, first, last) })}
        footer={
          <div className={classes.foot}>
            <HowComputed
              what={title}
              meaning={`${title}: ${period}, by the ${trend.interval}, by the calendar of ${view.tz}.`}
              explanation={trend.result.explanation}
              zone={view.tz}
            />
            <span className="quiet">Click a point for its events, drag to zoom.</span>
          </div>
        }
      />
      <Breakdown question={question} trend={trend} colors={t} zone={view.tz} />
      <BucketEvents range={bucket} event={event} zone={view.tz} filter={view.query} onClose={() => setBucket(null)} />
    </div>
  )
}

function toSeries(trend: Trend, t: Tokens): ChartSeries[] {
  const broken = trend.result.series.length > 1 || trend.result.series.some((s) => s.breakdown !== null)
  const main = trend.result.series.map((s, i) => ({
    name: broken ? breakdownName(s.breakdown) : 'Value',
    color: seriesColor(t, i),
    points: s.points,
  }))
  // The lines of two periods with many values each could not be told apart.
  if (broken || trend.earlier === null) return main
  const before = trend.earlier
  return [...main, { name: before.name, color: t.faint, points: before.result.series[0]?.points ?? [], quiet: true }]
}
