import type { Measure } from '../../api/types'
import { propertyName } from '../../filters/filter'
import { intervals, type Interval } from '../../time/range'

/** What is asked, besides the view: the part of the URL that belongs to the trends builder. */
export interface Question {
  /** Null is all events. */
  event: string | null
  measure: Measure
  property: string | null
  breakdown: string | null
  limit: number
  interval: Interval | 'auto'
  chart: ChartKind
}

export type ChartKind = 'line' | 'bar' | 'table'

export const measures: readonly Measure[] = [
  'count',
  'unique_users',
  'sessions',
  'bounce_rate',
  'session_duration',
  'sum',
  'avg',
  'min',
  'max',
  'p50',
  'p95',
  'p99',
]

export const measureNames: Record<Measure, string> = {
  count: 'Events (count)',
  unique_users: 'Visitors (unique users)',
  sessions: 'Sessions',
  bounce_rate: 'Bounce rate (share of sessions)',
  session_duration: 'Session duration (seconds)',
  sum: 'Sum',
  avg: 'Average',
  min: 'Smallest',
  max: 'Largest',
  p50: 'Median (p50)',
  p95: '95th percentile',
  p99: '99th percentile',
}

export const limits = [5, 10, 20, 50] as const

/** Whether the measure is taken of a property. */
export const ofProperty = (m: Measure) => ['sum', 'avg', 'min', 'max', 'p50', 'p95', 'p99'].includes(m)

/** Whether nothing is 0, and the values of parts add up to that of the whole. */
export const startsAtZero = (m: Measure) => ['count', 'unique_users', 'sum', 'sessions'].includes(m)
export const addsUp = (m: Measure) => m === 'count' || m === 'sum'

export function parseQuestion(params: URLSearchParams): Question {
  const oneOf = <T extends string>(name: string, allowed: readonly T[], otherwise: T): T => {
    const value = params.get(name) as T | null
    return value !== null && allowed.includes(value) ? value : otherwise
  }
  const limit = Number(params.get('limit'))
  return {
    event: params.get('event'),
    measure: oneOf('measure', measures, 'count'),
    property: params.get('property'),
    breakdown: params.get('breakdown'),
    limit: Number.isInteger(limit) && limit >= 1 && limit <= 100 ? limit : 10,
    interval: oneOf('interval', ['auto', ...intervals], 'auto'),
    chart: oneOf('chart', ['line', 'bar', 'table'], 'line'),
  }
}

const defaults: Question = {
  event: null,
  measure: 'count',
  property: null,
  breakdown: null,
  limit: 10,
  interval: 'auto',
  chart: 'line',
}

/** Writes a changed question over the one in the URL; what is as by default is left out. */
export function writeQuestion(params: URLSearchParams, change: Partial<Question>): URLSearchParams {
  const next = new URLSearchParams(params)
  const question = { ...parseQuestion(params), ...change }
  if (!ofProperty(question.measure)) question.property = null
  for (const name of Object.keys(defaults) as (keyof Question)[]) {
    const value = question[name]
    if (value === null || value === defaults[name]) next.delete(name)
    else next.set(name, String(value))
  }
  return next
}

/** "Average of price of page_view, by country". */
export function titleOf(q: Question): string {
  const what =
    q.measure === 'count'
      ? 'Events'
      : q.measure === 'unique_users'
        ? 'Visitors'
        : !ofProperty(q.measure)
          ? measureNames[q.measure]
          : `${measureNames[q.measure]} of ${q.property === null ? '…' : propertyName(q.property)}`
  return `${what}${q.event === null ? '' : `, ${q.event}`}${q.breakdown === null ? '' : `, by ${propertyName(q.breakdown)}`}`
}

/** A value of a breakdown, as it is shown; null is an event without the property. */
export function breakdownName(value: string | null): string {
  return value === null ? 'Not set' : value === '' ? 'Empty' : value
}
