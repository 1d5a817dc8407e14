import type { EChartsCoreOption } from 'echarts/core'
import type { AlertPreview, NewAlert } from '../../api/alerts'
import { formatShort } from '../../numbers/format'
import type { Tokens } from '../../theme/tokens'
import { formatTime } from '../../time/format'
import { formatValue, isShare, stateNames } from './words'

/** The values of the past, what was usual or the bound, and where the rule would have fired. */
export function previewChart(
  p: AlertPreview,
  rule: NewAlert,
  zone: string,
  width: number,
  t: Tokens,
): EChartsCoreOption {
  const kind = rule.measure.kind
  const at = p.points.map((x) => Date.parse(x.tick))
  const pair = (pick: (i: number) => number | null) => at.map((time, i) => [time, pick(i)])
  const of = (i: number) => p.points[i]
  const label = { color: t.muted, fontFamily: "'Inter Variable', sans-serif", fontSize: 12 }
  const bound = rule.condition.kind === 'threshold' ? rule.condition.value : undefined
  const band = p.points.some((x) => x.expected_low !== null)
  const spread = p.ticks_per_point > 1
  const short = (n: number) => (isShare(kind) ? formatValue(kind, n) : formatShort(kind === 'freshness' ? n / 60 : n))
  return {
    grid: { left: 4, right: 12, top: 16, bottom: 4, containLabel: true },
    xAxis: {
      type: 'time',
      min: Date.parse(p.from),
      max: Date.parse(p.to),
      axisLine: { lineStyle: { color: t.line } },
      axisTick: { lineStyle: { color: t.line } },
      axisLabel: {
        ...label,
        hideOverlap: true,
        formatter: (ms: number) =>
          new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: 'numeric', month: 'short' }).format(ms),
      },
      splitNumber: Math.max(2, Math.floor(width / 110)),
    },
    yAxis: {
      type: 'value',
      name: kind === 'freshness' ? 'min' : '',
      nameTextStyle: label,
      splitNumber: 4,
      splitLine: { lineStyle: { color: t.line, opacity: 0.7 } },
      axisLabel: { ...label, formatter: short },
      // A bound that is never reached is in sight all the same.
      ...(bound === undefined
        ? {}
        : {
            max: (v: { max: number }) => Math.max(v.max, bound * 1.1),
            min: (v: { min: number }) => Math.min(0, v.min, bound),
          }),
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      backgroundColor: t.raised,
      borderColor: t.line,
      textStyle: { color: t.text, fontFamily: "'Inter Variable', sans-serif", fontSize: 12 },
      axisPointer: { lineStyle: { color: t.lineStrong } },
      formatter: (items: { dataIndex: number }[]) => {
        const point = of(items[0]?.dataIndex ?? 0)
        if (point === undefined) return ''
        const usual =
          point.expected_low === null || point.expected_high === null
            ? ''
            : `<br>usual: ${formatValue(kind, point.expected_low)} to ${formatValue(kind, point.expected_high)}`
        return `<strong>${formatTime(point.tick, zone)}</strong><br>${formatValue(kind, point.value)}, ${stateNames[point.state].toLowerCase()}${usual}`
      },
    },
    series: [
      ...(band ? bandOf(p, t) : []),
      ...(spread ? spreadOf(p, t) : []),
      {
        type: 'line',
        data: pair((i) => of(i)?.value ?? null),
        showSymbol: false,
        connectNulls: false,
        silent: true,
        z: 3,
        lineStyle: { width: 1.75, color: t.series[0] },
        itemStyle: { color: t.series[0] },
        markArea: {
          silent: true,
          itemStyle: { color: t.loss, opacity: 0.22 },
          data: p.firings.map((f) => [{ xAxis: Date.parse(f.from) }, { xAxis: Date.parse(f.to ?? p.to) }]),
        },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: t.attention, type: [5, 4], width: 1.5 },
          label: {
            formatter: formatValue(kind, bound),
            position: 'insideEndTop',
            color: t.attention,
            fontFamily: label.fontFamily,
            fontSize: 12,
          },
          data: [
            // Minutes are narrower than a pixel of a month: where it begins to fire, there is a line besides the area.
            ...p.firings.map((f) => ({
              xAxis: Date.parse(f.from),
              label: { show: false },
              lineStyle: { color: t.loss, type: 'solid', width: 1.5, opacity: 0.6 },
            })),
            ...(bound === undefined ? [] : [{ yAxis: bound }]),
          ],
        },
      },
    ],
  }
}

/** What is usual, as a band: a line that is not seen, and the height above it. */
function bandOf(p: AlertPreview, t: Tokens): object[] {
  const common = { type: 'line', stack: 'usual', showSymbol: false, silent: true, lineStyle: { opacity: 0 }, z: 1 }
  return [
    { ...common, data: p.points.map((x) => [Date.parse(x.tick), x.expected_low]) },
    {
      ...common,
      data: p.points.map((x) => [
        Date.parse(x.tick),
        x.expected_high === null || x.expected_low === null ? null : x.expected_high - x.expected_low,
      ]),
      areaStyle: { color: t.faint, opacity: 0.18 },
    },
  ]
}

/** Between the lowest and the highest value that a point stands for. */
function spreadOf(p: AlertPreview, t: Tokens): object[] {
  const common = { type: 'line', stack: 'spread', showSymbol: false, silent: true, lineStyle: { opacity: 0 }, z: 2 }
  return [
    { ...common, data: p.points.map((x) => [Date.parse(x.tick), x.low]) },
    {
      ...common,
      data: p.points.map((x) => [Date.parse(x.tick), x.high === null || x.low === null ? null : x.high - x.low]),
      areaStyle: { color: t.series[0], opacity: 0.2 },
    },
  ]
}
