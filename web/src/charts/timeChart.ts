import type { EChartsCoreOption } from 'echarts/core'
import { formatShort } from '../numbers/format'
import type { Tokens } from '../theme/tokens'
import { formatBucket, ticks } from '../time/format'
import type { Interval } from '../time/range'
import classes from './Chart.module.css'
import { bucketsOf, draw, endApart, lonely, thickness, type Annotation, type ChartSeries } from './model'

export interface TimeChartInput {
  /** All have their points at the same places. Quiet ones are compared bucket by bucket and may have more or fewer. */
  series: readonly ChartSeries[]
  interval: Interval
  zone: string
  kind: 'line' | 'bar' | 'stack'
  format: (n: number | null) => string
  /** Whether a value of nothing is 0, so that the axis begins there. */
  fromZero: boolean
  annotations?: readonly Annotation[]
}

const labelPx = 64

/** Few lines with room beside them, and that end apart from each other, are named where they end; others in a legend. */
export function namesLines(input: Pick<TimeChartInput, 'series' | 'kind'>, width: number): boolean {
  const main = input.series.filter((s) => s.quiet !== true)
  return input.kind === 'line' && main.length > 1 && main.length <= 5 && width >= 700 && endApart(main)
}

const namePx = 168

/** A chart over time, as ECharts takes it: quiet grid, crosshair, one tooltip for all series of a bucket. */
export function timeChart(input: TimeChartInput, width: number, t: Tokens): EChartsCoreOption {
  const times = (input.series.find((s) => s.quiet !== true)?.points ?? []).map((p) => new Date(p.time))
  const marks = new Map(
    ticks(times, input.interval, input.zone, Math.max(2, Math.floor(width / labelPx))).map((k) => [k.index, k.label]),
  )
  const label = { color: t.muted, fontFamily: "'Inter Variable', sans-serif", fontSize: 12 }
  // Below a single line it is filled, faintly: below several the fills would mix.
  const shade =
    input.fromZero &&
    input.series.filter((s) => s.quiet !== true).length === 1 &&
    input.series.every((s) => s.bound === undefined)
  const named = namesLines(input, width)
  return {
    grid: { left: 4, right: named ? namePx : 12, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: times.map((_, i) => i),
      boundaryGap: input.kind !== 'line',
      axisLine: { lineStyle: { color: t.line } },
      axisTick: {
        show: true,
        alignWithLabel: true,
        interval: (i: number) => marks.has(i),
        lineStyle: { color: t.line },
        length: 4,
      },
      axisLabel: {
        ...label,
        interval: (i: number) => marks.has(i),
        formatter: (_: string, i: number) => marks.get(i) ?? '',
        hideOverlap: true,
      },
    },
    yAxis: {
      type: 'value',
      ...(input.fromZero ? { min: (v: { min: number }) => Math.min(0, v.min) } : {}),
      splitNumber: 4,
      minInterval:
        input.fromZero &&
        input.series.every((s) => s.points.every((p) => p.value === null || Number.isInteger(p.value)))
          ? 1
          : 0,
      splitLine: { lineStyle: { color: t.line, opacity: 0.7 } },
      axisLabel: { ...label, formatter: (n: number) => formatShort(n) },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: {
        type: input.kind === 'line' ? 'line' : 'shadow',
        lineStyle: { color: t.lineStrong },
        shadowStyle: { color: t.lineStrong, opacity: 0.14 },
      },
      backgroundColor: t.raised,
      borderColor: t.line,
      padding: [8, 12],
      extraCssText: 'box-shadow: 0 8px 24px rgb(0 0 0 / 0.25); border-radius: 8px',
      formatter: (items: { dataIndex: number }[] | { dataIndex: number }) =>
        tip(input, (Array.isArray(items) ? items[0] : items)?.dataIndex ?? 0),
    },
    series: [
      ...input.series.flatMap((s) => {
        if (s.bound !== undefined) return bound(s, input.series, t)
        return input.kind === 'line' || s.quiet === true ? lines(s, t, shade, named) : bars(s, input.kind, t)
      }),
      ...(input.annotations?.length ? [happened(input, t)] : []),
    ],
  }
}

/** A line where something began, and a shade for as long as it lasted, on a series of its own that is not drawn. */
function happened(input: TimeChartInput, t: Tokens): object {
  const points = input.series.find((s) => s.quiet !== true)?.points ?? []
  const shown = (input.annotations ?? []).flatMap((a) => {
    const buckets = bucketsOf(a, points)
    return buckets === null ? [] : [{ color: a.severe ? t.loss : t.attention, first: buckets[0], last: buckets[1] }]
  })
  return {
    type: 'line',
    data: [],
    silent: true,
    z: 0,
    markLine: {
      silent: true,
      symbol: ['none', 'none'],
      label: { show: false },
      data: shown.map((s) => ({
        xAxis: s.first,
        lineStyle: { color: s.color, type: 'solid', width: 1.5, opacity: 0.9 },
      })),
    },
    markArea: {
      silent: true,
      data: shown
        .filter((s) => s.last > s.first)
        .map((s) => [{ xAxis: s.first, itemStyle: { color: s.color, opacity: 0.1 } }, { xAxis: s.last }]),
    },
  }
}

/** The lower edge as it is, and on it, stacked, what lies between the two. */
function bound(s: ChartSeries, all: readonly ChartSeries[], t: Tokens): object[] {
  const low = all.find((x) => x.bound === 'low')
  return [
    {
      type: 'line',
      data: s === low || low === undefined ? s.points.map((p) => p.value) : thickness(low.points, s.points),
      stack: 'expected',
      stackStrategy: 'all',
      showSymbol: false,
      silent: true,
      z: 1,
      lineStyle: { color: t.faint, width: 1, opacity: 0.55 },
      itemStyle: { color: t.faint },
      ...(s.bound === 'high' ? { areaStyle: { color: t.faint, opacity: 0.16 } } : {}),
    },
  ]
}

function lines(s: ChartSeries, t: Tokens, shade: boolean, named: boolean): object[] {
  if (s.level === true) return [level(s, t)]
  if (s.quiet === true) {
    return [
      {
        type: 'line',
        data: s.points.map((p) => p.value),
        showSymbol: false,
        silent: true,
        z: 1,
        lineStyle: { color: t.faint, width: 1.25, opacity: 0.65 },
        itemStyle: { color: t.faint },
      },
    ]
  }
  const { whole, dashed } = draw(s.points)
  const common = {
    type: 'line',
    silent: true,
    itemStyle: { color: s.color },
    emphasis: { disabled: true },
    connectNulls: false,
    ...(shade
      ? {
          areaStyle: {
            color: {
              type: 'linear',
              x: 0,
              y: 0,
              x2: 0,
              y2: 1,
              colorStops: [
                { offset: 0, color: `${s.color}33` },
                { offset: 1, color: `${s.color}00` },
              ],
            },
          },
        }
      : {}),
  }
  const last = s.points.at(-1)
  const name = {
    endLabel: {
      show: true,
      formatter: s.name,
      color: s.color,
      width: namePx - 20,
      overflow: 'truncate',
      fontFamily: "'Inter Variable', sans-serif",
      fontSize: 12,
      fontWeight: 500,
    },
  }
  const end = (dashes: boolean) => (named && (last?.partial === true) === dashes ? name : {})
  return [
    {
      ...common,
      ...end(false),
      z: 3,
      data: marked(whole, s.marks),
      symbol: 'circle',
      symbolSize: dotSize(whole, s.marks),
      showAllSymbol: true,
      lineStyle: { width: 2, color: s.color },
    },
    {
      ...common,
      ...end(true),
      z: 3,
      data: dashed,
      symbol: 'circle',
      symbolSize: dotSize(dashed),
      showAllSymbol: true,
      lineStyle: { width: 2, color: s.color, type: [4, 4] },
    },
  ]
}

function level(s: ChartSeries, t: Tokens): object {
  const at = s.points.find((p) => p.value !== null)?.value ?? null
  return {
    type: 'line',
    data: s.points.map((p) => p.value),
    showSymbol: false,
    silent: true,
    z: 2,
    lineStyle: { color: s.color, width: 1.5, type: [6, 4] },
    itemStyle: { color: s.color },
    markPoint: {
      silent: true,
      symbol: 'rect',
      symbolSize: 0,
      data: at === null ? [] : [{ coord: [0, at] }],
      label: {
        formatter: s.name,
        align: 'left',
        position: [6, -16],
        color: s.color,
        fontFamily: "'Inter Variable', sans-serif",
        fontSize: 12,
        fontWeight: 500,
        textBorderColor: t.surface,
        textBorderWidth: 3,
      },
    },
  }
}

function marked(values: (number | null)[], marks: ChartSeries['marks']): unknown[] {
  return values.map((value, i) => {
    const color = marks?.get(i)
    return color === undefined ? value : { value, itemStyle: { color } }
  })
}

/** Only lonely values, and those that stand out, show their dot. */
function dotSize(
  values: (number | null)[],
  marks?: ChartSeries['marks'],
): (value: unknown, params: { dataIndex: number }) => number {
  const alone = lonely(values)
  return (_, params) => (marks?.has(params.dataIndex) === true ? 9 : alone[params.dataIndex] === true ? 6 : 0)
}

function bars(s: ChartSeries, kind: 'bar' | 'stack', t: Tokens): object[] {
  return [
    {
      type: 'bar',
      silent: true,
      stack: kind === 'stack' ? 'all' : undefined,
      barMaxWidth: 48,
      barCategoryGap: '18%',
      data: s.points.map((p) => ({
        value: p.value,
        itemStyle:
          p.partial === true
            ? { color: `${s.color}55`, borderColor: s.color, borderType: 'dashed', borderWidth: 1 }
            : { color: s.color },
      })),
      itemStyle: {
        color: s.color,
        borderRadius: kind === 'stack' ? 0 : [3, 3, 0, 0],
        ...(kind === 'stack' ? { borderColor: t.surface, borderWidth: 0 } : {}),
      },
      emphasis: { disabled: true },
    },
  ]
}

/** The tooltip is made of elements, never of text: names come from events, which anybody may send. */
function tip(input: TimeChartInput, index: number): HTMLElement {
  const box = element('div', classes.tip)
  const main = input.series.filter((s) => s.quiet !== true)
  const first = main[0]?.points[index]
  if (first === undefined) return box
  box.append(element('strong', undefined, formatBucket(first.time, input.interval, input.zone)))
  const shown = main
    .map((s) => ({ s, value: s.points[index]?.value ?? null }))
    .filter(({ value }, _, all) => all.length <= 4 || value !== 0)
    .sort((a, b) => (main.length > 1 && input.kind !== 'stack' ? (b.value ?? 0) - (a.value ?? 0) : 0))
  for (const { s, value } of shown.slice(0, 12)) box.append(row(s.color, s.name, input.format(value)))
  for (const s of input.series.filter((q) => q.quiet === true)) {
    const p = s.points[index]
    if (p !== undefined)
      box.append(
        row(
          'transparent',
          s.bound === undefined && s.level !== true ? formatBucket(p.time, input.interval, input.zone) : s.name,
          input.format(p.value),
        ),
      )
  }
  for (const a of input.annotations ?? []) {
    const buckets = bucketsOf(a, main[0]?.points ?? [])
    if (buckets !== null && index >= buckets[0] && index <= buckets[1])
      box.append(element('em', undefined, `Incident: ${a.title}`))
  }
  if (first.partial === true) box.append(element('em', undefined, 'Not a whole ' + input.interval))
  return box
}

function row(color: string, name: string, value: string): HTMLElement {
  const div = element('div')
  const swatch = element('i')
  swatch.style.background = color
  div.append(swatch, element('span', undefined, name), element('b', undefined, value))
  return div
}

function element(tag: string, className?: string, text?: string): HTMLElement {
  const e = document.createElement(tag)
  if (className !== undefined) e.className = className
  if (text !== undefined) e.textContent = text
  return e
}
