import type { JobSpell } from '../../api/jobs'
import type { Point } from '../../api/types'
import type { Period } from '../../time/range'

const stepMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Every bucket of the period as points of a chart; where nothing ended there is a gap. Buckets are those of UTC. */
export function everyBucket(
  spells: readonly JobSpell[],
  interval: keyof typeof stepMs,
  period: Period,
): (of: (s: JobSpell) => number | null) => Point[] {
  const step = stepMs[interval]
  const known = new Map(spells.map((s) => [Date.parse(s.time), s]))
  const first = Math.floor(period.from.getTime() / step) * step
  const end = period.to.getTime()
  const times = Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, i) => first + i * step)
  return (of) =>
    times.map((at) => {
      const spell = known.get(at)
      const partial = at < period.from.getTime() || at + step > end
      return {
        time: new Date(at).toISOString(),
        value: spell ? of(spell) : null,
        ...(partial ? { partial } : {}),
      }
    })
}

/** What the buckets of a kind come to. */
export function summed(spells: readonly JobSpell[]) {
  const longest = spells.flatMap((s) => (s.max_seconds === null ? [] : [s.max_seconds]))
  return {
    count: spells.reduce((sum, s) => sum + s.count, 0),
    failed: spells.reduce((sum, s) => sum + s.failed, 0),
    newest: spells.findLast((s) => s.p50_seconds !== null),
    longest: longest.length === 0 ? null : Math.max(...longest),
  }
}
