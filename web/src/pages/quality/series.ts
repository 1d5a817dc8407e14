import type { QualityCheck, QualityResult } from '../../api/quality'
import type { ChartSeries } from '../../charts/model'
import type { Tokens } from '../../theme/tokens'

/** What the numbers of a chart are in. */
export interface Unit {
  /** As in "Age of the newest event, in hours". */
  title: string
  /** What a value is divided by. */
  divisor: number
  suffix: string
}

export function unitOf(c: Pick<QualityCheck, 'kind' | 'sla_seconds'>): Unit {
  switch (c.kind) {
    case 'volume':
      return { title: 'Events', divisor: 1, suffix: '' }
    case 'nulls':
      return { title: 'Share of events without it', divisor: 0.01, suffix: '%' }
    case 'ledger':
      return { title: 'Hours that do not balance', divisor: 1, suffix: '' }
    case 'freshness':
      return (c.sla_seconds ?? 0) >= 2 * 3600
        ? { title: 'Age of the newest event, in hours', divisor: 3600, suffix: ' h' }
        : { title: 'Age of the newest event, in minutes', divisor: 60, suffix: ' min' }
  }
}

/** As many ticks are shown at most. */
const most = 2000

/** What was found and what was expected, tick by tick; a tick without a result is a gap. */
export function chartSeries(
  check: Pick<QualityCheck, 'kind' | 'sla_seconds' | 'interval_seconds'>,
  results: readonly QualityResult[],
  t: Tokens,
): ChartSeries[] {
  const unit = unitOf(check)
  const known = new Map(results.map((r) => [Date.parse(r.at), r]))
  const times = everyTick(results, check.interval_seconds * 1000)
  const of = (pick: (r: QualityResult) => number | null) =>
    times.map((at) => {
      const r = known.get(at)
      const value = r === undefined ? null : pick(r)
      return { time: new Date(at).toISOString(), value: value === null ? null : value / unit.divisor }
    })
  const marks = new Map<number, string>()
  times.forEach((at, i) => {
    const verdict = known.get(at)?.verdict
    if (verdict === 'fail') marks.set(i, t.loss)
    if (verdict === 'warn') marks.set(i, t.attention)
  })
  const value: ChartSeries = { name: 'Found', color: t.series[0] ?? t.text, points: of((r) => r.value), marks }
  if (check.kind === 'ledger') return [value]
  const edge = { color: t.faint, quiet: true }
  const high: ChartSeries = { name: 'Expected at most', ...edge, bound: 'high', points: of((r) => r.high) }
  if (check.kind !== 'volume') return [high, value] // nothing at all is fine
  return [{ name: 'Expected at least', ...edge, bound: 'low', points: of((r) => r.low) }, high, value]
}

/** The ticks from the first result to the last, the newest of them. Ticks from before the interval was changed stay in between. */
function everyTick(results: readonly QualityResult[], interval: number): number[] {
  const made = results.map((r) => Date.parse(r.at))
  const first = made[0]
  const last = made.at(-1)
  if (first === undefined || last === undefined) return []
  const regular: number[] = []
  for (let at = last; at > first && regular.length < most; at -= interval) regular.push(at)
  return [...new Set([...made, ...regular])].sort((a, b) => a - b).slice(-most)
}
