import type { CauseTrend } from '../../api/quarantine'
import type { Point } from '../../api/types'
import type { Cause } from '../../api/types'
import type { Range } from '../../time/range'

const hourMs = 3_600_000
const stepMs = { hour: hourMs, day: 24 * hourMs }

/** Every hour or day of the period, those without events included. Hours and days are those of UTC. */
export function everyBucket(trend: CauseTrend, now: Date): Point[] {
  const step = stepMs[trend.interval]
  const known = new Map(trend.counts.map((c) => [Date.parse(c.time), c.events]))
  const first = Math.floor(trend.period.from.getTime() / step) * step
  const end = Math.min(trend.period.to.getTime(), now.getTime())
  const points: Point[] = []
  for (let at = first; at < end; at += step) {
    const partial = at < trend.period.from.getTime() || at + step > end
    points.push({ time: new Date(at).toISOString(), value: known.get(at) ?? 0, ...(partial ? { partial } : {}) })
  }
  return points
}

/** The shortest of the usual ranges in which all causes show from their beginning; a season at most. */
export function rangeOf(causes: readonly Pick<Cause, 'first_seen'>[], now: Date): Range {
  const oldest = Math.max(0, ...causes.map((c) => now.getTime() - Date.parse(c.first_seen)))
  const days = oldest / stepMs.day
  return { kind: 'preset', preset: days < 0.9 ? '24h' : days < 29 ? '30d' : '90d' }
}
