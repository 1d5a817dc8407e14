import { expect, test } from 'vitest'
import type { QualityResult } from '../../api/quality'
import { thickness } from '../../charts/model'
import { tokens } from '../../theme/tokens'
import { chartSeries } from './series'

const result = (hour: number, value: number | null, more: Partial<QualityResult> = {}): QualityResult => ({
  at: new Date(Date.UTC(2026, 10, 20, hour)).toISOString(),
  measured_at: '',
  verdict: 'pass',
  value,
  expected: 100,
  low: 80,
  high: 120,
  explanation: '',
  samples: [],
  ...more,
})

const hourly = { kind: 'volume', sla_seconds: null, interval_seconds: 3600 } as const

test('a tick that was missed is a gap, of the band as well', () => {
  const [low, high, found] = chartSeries(hourly, [result(9, 100), result(11, 60, { verdict: 'warn' })], tokens.dark)
  expect(found?.points.map((p) => p.value)).toEqual([100, null, 60])
  expect(low?.points.map((p) => p.value)).toEqual([80, null, 80])
  expect([...(found?.marks ?? [])]).toEqual([[2, tokens.dark.attention]])
  expect(thickness(low?.points ?? [], high?.points ?? [])).toEqual([40, null, 40])
})

test('an age is told in hours where it may be hours, and has no lower edge', () => {
  const check = { kind: 'freshness', sla_seconds: 86_400, interval_seconds: 900 } as const
  const series = chartSeries(check, [result(9, 7200, { low: 0, high: 86_400 })], tokens.dark)
  expect(series.map((s) => [s.name, s.points[0]?.value])).toEqual([
    ['Expected at most', 24],
    ['Found', 2],
  ])
})

test('nothing was found yet', () => {
  expect(chartSeries(hourly, [], tokens.dark).every((s) => s.points.length === 0)).toBe(true)
})
