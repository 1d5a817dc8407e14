import type { Point } from '../api/types'

/** One line, or one colour of a stack. */
export interface ChartSeries {
  name: string
  points: readonly Point[]
  color: string
  /** Drawn thin and behind the others: the period before. */
  quiet?: boolean
  /** An edge of what is expected, quiet as well: what lies between the two edges is shaded. The low one comes first. */
  bound?: 'low' | 'high'
  /** A level that the others are held against, such as a limit; quiet as well. It is dashed, and named above its beginning. */
  level?: boolean
  /** Colours of points that stand out, by their index; they are drawn as dots. */
  marks?: ReadonlyMap<number, string>
}

/** Something that happened while the chart's time went by, such as an incident. */
export interface Annotation {
  id: string
  title: string
  from: string
  /** Null while it goes on. */
  to: string | null
  severe: boolean
  href: string
}

/** The buckets, first and last, in which an annotation lies; null when it is beyond the chart. */
export function bucketsOf(
  a: Pick<Annotation, 'from' | 'to'>,
  points: readonly Point[],
): [first: number, last: number] | null {
  const starts = points.map((p) => Date.parse(p.time))
  const first = starts[0]
  const last = starts.at(-1)
  if (first === undefined || last === undefined) return null
  const width = starts.length > 1 ? last - (starts.at(-2) ?? last) : Infinity
  const [from, to] = [Date.parse(a.from), a.to === null ? Infinity : Date.parse(a.to)]
  if (to < first || from >= last + width) return null
  const at = (t: number) =>
    Math.max(
      0,
      starts.findLastIndex((s) => s <= t),
    )
  return [at(from), at(to)]
}

/** Where the lines of a chart are whole and where they are dashed. */
export interface Drawn {
  whole: (number | null)[]
  /** Over a bucket that is cut or not over yet, together with the neighbours that the dashes lead to. */
  dashed: (number | null)[]
}

export function draw(points: readonly Point[]): Drawn {
  const partial = points.map((p) => p.partial === true)
  const near = (i: number) => partial[i] === true || partial[i - 1] === true || partial[i + 1] === true
  const value = (p: Point) => p.value ?? null
  return {
    whole: points.map((p, i) => (partial[i] === true ? null : value(p))),
    dashed: points.map((p, i) => (near(i) ? value(p) : null)),
  }
}

/** How far the upper edge lies above the lower one: what is stacked on it to shade what lies between. */
export function thickness(low: readonly Point[], high: readonly Point[]): (number | null)[] {
  return high.map((p, i) => {
    const from = low[i]?.value ?? null
    return p.value === null || from === null ? null : p.value - from
  })
}

/** A run of values that stands alone between gaps has no line to be seen by: it gets a dot. */
export function lonely(values: readonly (number | null)[]): boolean[] {
  const gap = (i: number) => values[i] === null || values[i] === undefined
  return values.map((v, i) => v !== null && gap(i - 1) && gap(i + 1))
}

/** Whether the last values lie far enough apart for a label beside each: by a fifteenth of the height. */
export function endApart(series: readonly ChartSeries[]): boolean {
  const ends = series.map((s) => s.points.at(-1)?.value ?? null)
  if (ends.some((v) => v === null)) return false
  const height = Math.max(...series.flatMap((s) => s.points.map((p) => Math.abs(p.value ?? 0))))
  const sorted = ends.map((v) => v ?? 0).sort((a, b) => a - b)
  return sorted.every((v, i) => i === 0 || v - (sorted[i - 1] ?? 0) >= height / 15)
}

/** The chart in one sentence, for those who do not see it. */
export function summary(
  series: readonly ChartSeries[],
  format: (n: number | null) => string,
  bucket: (time: string) => string,
): string {
  const lines = series
    .filter((s) => s.quiet !== true)
    .map((s) => {
      const known = s.points.filter((p) => p.value !== null)
      if (known.length === 0) return `${s.name}: no values.`
      const top = known.reduce((a, b) => ((b.value ?? 0) > (a.value ?? 0) ? b : a))
      return `${s.name}: ${s.points.length} points, highest ${format(top.value)} at ${bucket(top.time)}.`
    })
  return `Chart. ${lines.join(' ')} The same figures are in the table.`
}
