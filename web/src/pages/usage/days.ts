import type { UsageMonth } from '../../api/usage'

/** The last day of a month so far, as in 2026-11-21, in UTC: today's while the month runs. */
export function lastDayOf(usage: UsageMonth): string {
  return new Date(Math.min(Date.parse(usage.to) - 1, Date.parse(usage.as_of))).toISOString().slice(0, 10)
}

/** The newest day of a month that has something, or the last one so far. */
export function newestDayOf(usage: UsageMonth): string {
  const days = usage.meters.flatMap((m) => m.days.map((d) => d.day)).sort()
  return days.at(-1) ?? lastDayOf(usage)
}
