import { describe, expect, it } from 'vitest'
import type { Event } from '../../api/types'
import { empty, kept, rate, take } from './buffer'

const event = (id: number) => ({ event_id: `e${id}` }) as Event

describe('the buffer of a stream', () => {
  it('keeps the newest, newest first', () => {
    const b = take(take(empty, [event(1), event(2)], 0, 1000), [event(3)], 0, 2000)
    expect(b.events.map((e) => e.event_id)).toEqual(['e3', 'e2', 'e1'])
    const full = take(
      b,
      Array.from({ length: kept }, (_, i) => event(100 + i)),
      0,
      3000,
    )
    expect(full.events).toHaveLength(kept)
    expect(full.events[0]?.event_id).toBe(`e${100 + kept - 1}`)
    expect(full.seen).toBe(3 + kept)
  })

  it('counts what was left out', () => {
    const b = take(empty, [event(1)], 12, 1000)
    expect(b).toMatchObject({ seen: 13, missed: 12 })
    expect(rate(b, 1000)).toBe(1.3)
  })

  it('forgets old arrivals', () => {
    const b = take(empty, [event(1), event(2)], 0, 1000)
    expect(rate(b, 10_999)).toBe(0.2)
    expect(rate(b, 11_000)).toBe(0)
    expect(take(b, [], 0, 20_000).arrivals).toEqual([])
  })
})
