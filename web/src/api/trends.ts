import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { allOf, type Filter } from '../filters/filter'
import {
  autoInterval,
  coarsestInterval,
  earlier,
  possibleIntervals,
  resolve,
  type Compare,
  type Interval,
  type Period,
  type Range,
} from '../time/range'
import { formatEarlier } from '../time/format'
import { api, ask } from './client'
import type { Measure, TrendsQuery, TrendsResult } from './types'

/** A question about a range of time. What the range means is decided when it is asked: "today" grows while one looks. */
export interface TrendSpec {
  range: Range
  zone: string
  /** `auto` is one that draws well, `coarsest` is for questions whose answer is the total. */
  interval: Interval | 'auto' | 'coarsest'
  measure: Measure
  event?: string | null
  property?: string | null
  filter?: Filter | null
  breakdown?: string | null
  limit?: number
  compare?: Compare
}

export interface Trend {
  result: TrendsResult
  period: Period
  interval: Interval
  /** The same question about an earlier period, where it was asked for. */
  earlier: { result: TrendsResult; period: Period; name: string } | null
}

export const trendsKey = ['trends'] as const

/** The answer to a spec. While a changed question is asked the old answer stays. */
export function trendOptions(tenant: string, spec: TrendSpec) {
  return queryOptions({
    queryKey: [...trendsKey, tenant, spec],
    queryFn: ({ signal }) => fetchTrend(spec, signal),
    placeholderData: keepPreviousData,
  })
}

/**
 * Asks for the trend and, apart, for the earlier one. The API can compare by itself, with the period directly before; a day
 * that is not over is better compared with as much of the day before, which is what earlier() finds.
 */
async function fetchTrend(spec: TrendSpec, signal: AbortSignal): Promise<Trend> {
  const now = new Date()
  const period = resolve(spec.range, spec.zone, now)
  const interval = chooseInterval(spec.interval, period)
  const before = earlier(spec.range, spec.compare ?? 'none', spec.zone, now)
  const query = (s: TrendSpec, p: Period) =>
    ask(api.POST('/v1/query/trends', { body: toQuery(s, p, interval), signal }))
  // With a breakdown the earlier question is about the values that the answer has, which must be known first.
  const main = query(spec, period)
  const beforeMain =
    before && (spec.breakdown ? main.then((m) => query(sameValues(spec, m), before)) : query(spec, before))
  const [result, beforeResult] = await Promise.all([main, beforeMain])
  return {
    result,
    period,
    interval,
    earlier:
      before && beforeResult
        ? {
            period: before,
            result: beforeResult,
            name: formatEarlier(spec.range, spec.compare ?? 'none', before, spec.zone),
          }
        : null,
  }
}

/** The spec, for the breakdown values of an answer only. */
export function sameValues(spec: TrendSpec, answer: TrendsResult): TrendSpec {
  const property = spec.breakdown ?? ''
  const values = answer.series.flatMap((s) => (s.breakdown === null ? [] : [s.breakdown]))
  const wanted: Filter[] = []
  if (values.length > 0) wanted.push({ property, operator: 'in', value: values })
  if (values.length < answer.series.length) wanted.push({ property, operator: 'is_not_set' })
  return { ...spec, filter: wanted.length === 0 ? (spec.filter ?? null) : allOf([spec.filter, { or: wanted }]) }
}

/** A chosen interval that the period does not allow (a year by the minute) gives way to one that it does. */
export function chooseInterval(wanted: TrendSpec['interval'], period: Period): Interval {
  if (wanted === 'coarsest') return coarsestInterval(period)
  if (wanted === 'auto' || !possibleIntervals(period).includes(wanted)) return autoInterval(period)
  return wanted
}

/** The body of `POST /v1/query/trends`. */
export function toQuery(spec: TrendSpec, period: Period, interval: Interval): TrendsQuery {
  return {
    measure: spec.measure,
    interval,
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    timezone: spec.zone,
    ...(spec.event ? { event: spec.event } : {}),
    ...(spec.property ? { property: spec.property } : {}),
    ...(spec.filter ? { filters: spec.filter } : {}),
    ...(spec.breakdown ? { breakdown: spec.breakdown, breakdown_limit: spec.limit ?? 10 } : {}),
  }
}
