import type { Job } from '../../api/jobs'

/** Seconds from when a job was made to its first attempt; of one that nobody has begun, until now or its end. */
export function waited(j: Job, now: number): number {
  const until = j.started_at ?? j.ended_at
  return Math.max(0, (until === null ? now : Date.parse(until)) - Date.parse(j.created_at)) / 1000
}

/** Seconds from the first attempt to the end, or until now; null before. */
export function took(j: Job, now: number): number | null {
  if (j.started_at === null) return null
  return Math.max(0, (j.ended_at === null ? now : Date.parse(j.ended_at)) - Date.parse(j.started_at)) / 1000
}
