import { describe, expect, it } from 'vitest'
import type { Point } from '../api/types'
import { draw, endApart, lonely, summary, bucketsOf } from './model'

const points = (...values: (number | null)[]): Point[] =>
  values.map((value, i) => ({ time: `2015-05-${10 + i}T00:00:00Z`, value }))
const cut = (p: Point[], ...indexes: number[]): Point[] =>
  p.map((q, i) => (indexes.includes(i) ? { ...q, partial: true } : q))

describe('draw', () => {
  it('dashes what is not over yet, from the last whole bucket on', () => {
    expect(draw(cut(points(1, 2, 3), 2))).toEqual({ whole: [1, 2, null], dashed: [null, 2, 3] })
  })

  it('dashes what is cut at the start', () => {
    expect(draw(cut(points(1, 2, 3), 0))).toEqual({ whole: [null, 2, 3], dashed: [1, 2, null] })
  })

  it('leaves gaps where nothing was measured', () => {
    expect(draw(points(1, null, 0))).toEqual({ whole: [1, null, 0], dashed: [null, null, null] })
  })

  it('dashes a single unfinished bucket', () => {
    expect(draw(cut(points(7), 0))).toEqual({ whole: [null], dashed: [7] })
  })
})

describe('lonely', () => {
  it('finds values between gaps', () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([true, false, false, false, false, true])
  })
})

describe('endApart', () => {
  const lines = (...ends: (number | null)[]) =>
    ends.map((end, i) => ({ name: `${i}`, color: '', points: points(30, end) }))

  it('tells whether each line can be named where it ends', () => {
    expect(endApart(lines(10, 20, 0))).toBe(true)
    expect(endApart(lines(10, 11))).toBe(false)
    expect(endApart(lines(0, 0))).toBe(false)
    expect(endApart(lines(10, null))).toBe(false)
  })
})

describe('summary', () => {
  it('tells the highest point of each line', () => {
    const series = [
      { name: 'Events', color: '', points: points(1, 9, 3) },
      { name: 'Before', color: '', points: points(5), quiet: true },
      { name: 'Nothing', color: '', points: points(null) },
    ]
    expect(
      summary(
        series,
        (n) => `${n ?? '–'}`,
        (t) => t.slice(0, 10),
      ),
    ).toBe('Chart. Events: 3 points, highest 9 at 2015-05-11. Nothing: no values. The same figures are in the table.')
  })
})

describe('bucketsOf', () => {
  const points = ['10', '11', '12'].map((h) => ({ time: `2026-11-21T${h}:00:00Z`, value: 1 }))
  const at = (from: string, to: string | null) =>
    bucketsOf({ from: `2026-11-21T${from}:00Z`, to: to && `2026-11-21T${to}:00Z` }, points)

  it('finds where something lies', () => {
    expect(at('10:30', '11:10')).toEqual([0, 1])
    expect(at('11:59', '11:59')).toEqual([1, 1])
    expect(at('12:10', null)).toEqual([2, 2])
  })

  it('cuts what began before, and leaves out what lies beyond', () => {
    expect(at('08:00', '10:10')).toEqual([0, 0])
    expect(at('08:00', null)).toEqual([0, 2])
    expect(at('08:00', '09:59')).toBeNull()
    expect(at('13:00', null)).toBeNull()
  })
})
