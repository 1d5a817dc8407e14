import { rangeOfEvents, type Range } from '../time/range'

/** When the first and the newest event happened. */
export interface Seen {
  first: Date
  last: Date
}

export interface DefaultRange {
  /** Null until it is known which is best. */
  range: Range | null
  /** Why it is not the last 7 days, where nobody has chosen it. */
  because: 'chosen' | 'default' | 'first-day' | 'newest-events'
}

const dayMs = 86_400_000

/** Whether the newest event is so old that the last 7 days are empty. */
export function isOld(last: Date, now: Date): boolean {
  return now.getTime() - last.getTime() > 7 * dayMs
}

/**
 * The range to show where none is chosen: the last 7 days; or the last 24 hours, where there was nothing before; or, when nothing
 * happened in the last 7 days, the time of the newest events.
 */
export function defaultRange(seen: Seen | null, zone: string, now: Date): DefaultRange {
  if (seen === null) return { range: { kind: 'preset', preset: '7d' }, because: 'default' }
  if (isOld(seen.last, now)) return { range: rangeOfEvents(seen.first, seen.last, zone), because: 'newest-events' }
  if (now.getTime() - seen.first.getTime() < dayMs)
    return { range: { kind: 'preset', preset: '24h' }, because: 'first-day' }
  return { range: { kind: 'preset', preset: '7d' }, because: 'default' }
}
