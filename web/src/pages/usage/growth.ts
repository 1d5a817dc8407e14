import type { Point } from '../../api/types'

const dayMs = 86_400_000

/** The days of a period, both ends being midnights in UTC, as their beginnings. */
export function daysOf(from: string, to: string): string[] {
  const days: string[] = []
  for (let t = Date.parse(from); t < Date.parse(to); t += dayMs) days.push(new Date(t).toISOString())
  return days
}

/** What there was by the end of each day; beyond the day that is being filled nothing is known. */
export function growth(days: readonly string[], used: ReadonlyMap<string, number>, now: Date): Point[] {
  let sum = 0
  return days.map((day) => {
    const start = Date.parse(day)
    if (start > now.getTime()) return { time: day, value: null }
    sum += used.get(day) ?? 0
    return { time: day, value: sum, partial: now.getTime() < start + dayMs }
  })
}

/** What is to come on a day; on the running one, in what is left of it. */
export interface DayAhead {
  /** As in 2026-11-21. */
  day: string
  quantity: number
}

/**
 * The way from what is used to what is expected at the end, by day, with the ups and downs that are expected. It begins on the
 * running day, whose end is expected as well.
 */
export function ahead(
  days: readonly string[],
  coming: readonly DayAhead[],
  now: Date,
  used: number,
  end: number,
): Point[] {
  const by = new Map(coming.map((c) => [c.day, c.quantity]))
  const all = coming.reduce((sum, c) => sum + c.quantity, 0)
  let sum = 0
  return days.map((day) => {
    if (Date.parse(day) + dayMs <= now.getTime() || all === 0) return { time: day, value: null }
    sum += by.get(day.slice(0, 10)) ?? 0
    return { time: day, value: Math.round(used + ((end - used) * sum) / all) }
  })
}
