import { expect, it } from 'vitest'
import { everyBucket, rangeOf } from './trend'

it('shows hours in which nothing was received, and which are not whole', () => {
  const points = everyBucket(
    {
      interval: 'hour',
      period: { from: new Date('2026-05-17T09:30:00Z'), to: new Date('2026-05-17T12:15:00Z') },
      counts: [{ time: '2026-05-17T10:00:00Z', events: 7 }],
    },
    new Date('2026-05-17T12:15:00Z'),
  )
  expect(points.map((p) => [p.time.slice(11, 16), p.value, p.partial ?? false])).toEqual([
    ['09:00', 0, true],
    ['10:00', 7, false],
    ['11:00', 0, false],
    ['12:00', 0, true],
  ])
})

it('looks as far back as the causes go', () => {
  const now = new Date('2026-05-17T12:00:00Z')
  const preset = (...firsts: string[]) =>
    rangeOf(
      firsts.map((first_seen) => ({ first_seen })),
      now,
    )
  expect(preset()).toEqual({ kind: 'preset', preset: '24h' })
  expect(preset('2026-05-17T03:00:00Z')).toEqual({ kind: 'preset', preset: '24h' })
  expect(preset('2026-05-17T03:00:00Z', '2026-05-01T03:00:00Z')).toEqual({ kind: 'preset', preset: '30d' })
  expect(preset('2026-01-01T03:00:00Z')).toEqual({ kind: 'preset', preset: '90d' })
})
