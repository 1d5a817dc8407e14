import type { Event } from '../../api/types'

/** How many events are kept to be looked at. */
export const kept = 200
/** The rate is that of the last so many seconds. */
export const rateSeconds = 10

/** The newest events of a stream, and how fast they come. */
export interface Buffer {
  /** Newest first. */
  events: readonly Event[]
  /** Times of arrival of those that were counted, in milliseconds. */
  arrivals: readonly { at: number; count: number }[]
  /** Events that came since the page was opened, those left out included. */
  seen: number
  /** Events that were left out because this page was too slow. */
  missed: number
}

export const empty: Buffer = { events: [], arrivals: [], seen: 0, missed: 0 }

/** The buffer after some events, in the order of their arrival, came at an instant, and others were left out. */
export function take(b: Buffer, events: readonly Event[], missed: number, at: number): Buffer {
  const count = events.length + missed
  return {
    events: [...events].reverse().concat(b.events).slice(0, kept),
    arrivals: recent(count === 0 ? b.arrivals : [...b.arrivals, { at, count }], at),
    seen: b.seen + count,
    missed: b.missed + missed,
  }
}

/** Events a second over the last seconds. */
export function rate(b: Buffer, at: number): number {
  return recent(b.arrivals, at).reduce((sum, a) => sum + a.count, 0) / rateSeconds
}

function recent(arrivals: Buffer['arrivals'], at: number): Buffer['arrivals'] {
  return arrivals.filter((a) => a.at > at - rateSeconds * 1000)
}
