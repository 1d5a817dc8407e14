import { describe, expect, it } from 'vitest'
import type { Job, JobAttempt } from '../../api/jobs'
import { barsOf, extent, marks, rowsOf } from './bars'

const at = (s: number) => new Date(s * 1000).toISOString()

const attempt = (n: number, from: number, to: number | null, outcome: JobAttempt['outcome']): JobAttempt => ({
  attempt: n,
  worker: 'w',
  started_at: at(from),
  ended_at: to === null ? null : at(to),
  outcome,
  error: null,
})

const job = (kind: string, created: number, tries: JobAttempt[], more: Partial<Job> = {}): Job => ({
  id: `${kind}-${created}`,
  kind,
  queue: 'default',
  state: 'done',
  wanted: 'run',
  params: {},
  run_at: at(created),
  deadline_at: null,
  attempts: tries.length,
  failures: 0,
  max_attempts: 5,
  parent_id: null,
  correlation_id: 'c',
  created_at: at(created),
  created_by: 'system',
  asked_at: null,
  asked_by: null,
  started_at: null,
  ended_at: null,
  error: null,
  tries,
  ...more,
})

describe('barsOf', () => {
  it('has a bar for each attempt, and one for the time before the first', () => {
    const bars = barsOf(job('a:b', 10, [attempt(1, 12, 15, 'failed'), attempt(2, 20, null, 'running')]), 30_000)
    expect(bars.map((b) => [b.from, b.to, b.tone])).toEqual([
      [10_000, 12_000, 'waiting'],
      [12_000, 15_000, 'wrong'],
      [20_000, 30_000, 'now'],
    ])
  })
  it('lets a job wait that nobody has begun, until now or until it was ended', () => {
    expect(barsOf(job('a:b', 10, [], { state: 'waiting' }), 30_000)).toMatchObject([{ from: 10_000, to: 30_000 }])
    expect(barsOf(job('a:b', 10, [], { ended_at: at(12) }), 30_000)).toMatchObject([{ from: 10_000, to: 12_000 }])
  })
  it('does not guess when the first of very many attempts began', () => {
    expect(barsOf(job('a:b', 10, [attempt(901, 500, 520, 'yielded')]), 600_000)).toMatchObject([{ from: 500_000 }])
  })
})

describe('rowsOf', () => {
  it('puts what overlaps into lanes of its own, as few as will do', () => {
    const rows = rowsOf(
      [
        job('a:b', 30, [attempt(1, 30, 40, 'ok')]),
        job('a:b', 12, [attempt(1, 12, 25, 'ok')]),
        job('a:b', 10, [attempt(1, 10, 20, 'ok')]),
        job('c:d', 11, [attempt(1, 11, 12, 'ok')]),
      ],
      60_000,
      0,
    )
    expect(rows.map((r) => [r.kind, r.lanes])).toEqual([
      ['a:b', 2],
      ['c:d', 1],
    ])
    expect(rows[0]?.jobs.map((d) => [d.job.id, d.lane])).toEqual([
      ['a:b-10', 0],
      ['a:b-12', 1],
      ['a:b-30', 0],
    ])
    expect(extent(rows, 60_000)).toEqual({ from: 10_000, to: 40_000 })
  })
})

describe('marks', () => {
  it('are round, within the time, and not too many', () => {
    expect(marks(61_000, 299_000, 4)).toEqual([120_000, 180_000, 240_000].filter((m) => m % 60_000 === 0))
    for (const hours of [0.01, 0.3, 2, 30, 400]) {
      const found = marks(1_000_123, 1_000_123 + hours * 3_600_000, 8)
      expect(found.length).toBeGreaterThan(1)
      expect(found.length).toBeLessThanOrEqual(9)
    }
  })
})
