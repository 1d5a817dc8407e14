import type { Job, JobAttempt } from '../../api/jobs'
import { toneOf, type Tone } from './words'

/** A stretch of a job on the time axis, in milliseconds since 1970. */
export interface Bar {
  from: number
  to: number
  tone: Tone | 'waiting'
  attempt: JobAttempt | null
}

export interface Drawn {
  job: Job
  bars: Bar[]
  /** The line among those of its kind, from 0. */
  lane: number
}

export interface Row {
  kind: string
  jobs: Drawn[]
  lanes: number
}

/** What a job did when: its attempts, and from when it was due to the first of them. */
export function barsOf(job: Job, now: number): Bar[] {
  const tries = job.tries.map((t) => ({
    from: Date.parse(t.started_at),
    to: t.ended_at === null ? now : Date.parse(t.ended_at),
    tone: toneOf(t.outcome),
    attempt: t,
  }))
  const made = Date.parse(job.created_at)
  const first = tries[0]?.from ?? (job.ended_at === null ? now : Date.parse(job.ended_at))
  // Of a job with more attempts than are told, the first are not known.
  const whole = (job.tries[0]?.attempt ?? 1) === 1
  return whole && first > made ? [{ from: made, to: first, tone: 'waiting', attempt: null }, ...tries] : tries
}

/**
 * Jobs by kind, those with the newest first. Jobs of a kind that overlap lie in lanes below each other, as few as will do. Two
 * that are closer than `gap` milliseconds count as overlapping, so that they can be told apart.
 */
export function rowsOf(jobs: readonly Job[], now: number, gap: number): Row[] {
  const kinds = new Map<string, Drawn[]>()
  for (const job of jobs) {
    const bars = barsOf(job, now)
    if (bars.length === 0) continue
    kinds.set(job.kind, [...(kinds.get(job.kind) ?? []), { job, bars, lane: 0 }])
  }
  return [...kinds].map(([kind, drawn]) => {
    const ends: number[] = []
    const sorted = [...drawn].sort((a, b) => start(a) - start(b))
    for (const d of sorted) {
      const free = ends.findIndex((end) => end + gap <= start(d))
      d.lane = free === -1 ? ends.length : free
      ends[d.lane] = end(d)
    }
    return { kind, jobs: sorted, lanes: ends.length }
  })
}

const start = (d: Drawn) => d.bars[0]?.from ?? 0
const end = (d: Drawn) => Math.max(...d.bars.map((b) => b.to))

/** The stretch of time in which all of it lies. */
export function extent(rows: readonly Row[], now: number): { from: number; to: number } {
  const all = rows.flatMap((r) => r.jobs)
  if (all.length === 0) return { from: now - 60_000, to: now }
  const from = Math.min(...all.map(start))
  const to = Math.max(...all.map(end))
  return { from, to: Math.max(to, from + 1000) }
}

const steps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
]

/** Places for labels on the time axis: round times of UTC, at most `most` of them. */
export function marks(from: number, to: number, most: number): number[] {
  const seconds = (to - from) / 1000
  const step = 1000 * (steps.find((s) => seconds / s <= most) ?? 2_592_000)
  const first = Math.ceil(from / step) * step
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step)
}
