import { useComputedColorScheme } from '@mantine/core'
import { useCallback, useMemo } from 'react'
import type { UsageMeter, UsageMonth } from '../../api/usage'
import { ChartPanel } from '../../charts/ChartPanel'
import type { ChartSeries } from '../../charts/model'
import { formatNumber } from '../../numbers/format'
import { tokens } from '../../theme/tokens'
import { ahead, daysOf, growth } from './growth'
import { inUnits } from './quantity'
import { billingZone, monthOf } from './words'

interface GrowthChartProps {
  usage: UsageMonth
  meter: UsageMeter
  /** What the meter must not reach; null: nothing, or nobody knows yet. */
  limit: number | null
  /** A day was chosen, as in 2026-11-21. */
  onDay: (day: string) => void
}

/** How a meter grew over the month, where it is going, and the limit that it must not reach. */
export function GrowthChart({ usage, meter: m, limit, onDay }: GrowthChartProps) {
  const t = tokens[useComputedColorScheme('dark')]
  const days = useMemo(() => daysOf(usage.from, usage.to), [usage.from, usage.to])
  const series = useMemo<ChartSeries[]>(() => {
    const now = new Date(usage.as_of)
    const units = <P extends { value: number | null }>(points: P[]) =>
      points.map((p) => ({ ...p, value: p.value === null ? null : inUnits(p.value, m) }))
    const used = new Map(m.days.map((d) => [`${d.day}T00:00:00.000Z`, d.quantity]))
    const made: ChartSeries[] = [
      { name: m.title, color: t.series[0] ?? t.text, points: units(growth(days, used, now)) },
    ]
    const f = m.forecast
    if (f?.days.some((d) => d.quantity > 0)) {
      const to = (end: number) => units(ahead(days, f.days, now, m.quantity, end))
      made.push(
        { name: 'At least', color: t.faint, quiet: true, bound: 'low', points: to(f.low) },
        { name: 'At most', color: t.faint, quiet: true, bound: 'high', points: to(f.high) },
        {
          name: 'Expected',
          color: t.series[6] ?? t.text,
          points: to(f.expected).map((p) => ({ ...p, partial: true })),
        },
      )
    }
    // A limit that is far away would press what there is to the ground.
    if (limit !== null && limit <= 4 * Math.max(m.quantity, f?.high ?? 0)) {
      made.push({
        name: `Limit: ${formatNumber(limit)}`,
        color: t.attention,
        quiet: true,
        level: true,
        points: days.map((time) => ({ time, value: limit })),
      })
    }
    return made
  }, [usage.as_of, days, m, limit, t])
  const format = useCallback((n: number | null) => formatNumber(n), [])
  const band =
    m.forecast === null ? '' : ' Dashed: where it is going; shaded: between the slowest and the fastest week.'
  return (
    <ChartPanel
      title={`${m.title} over the month`}
      note={`${capital(m.unit)} by the end of each day, added up. Days are those of UTC.${band}`}
      series={series}
      interval="day"
      zone={billingZone}
      kind="line"
      format={format}
      height={280}
      file={['usage', m.meter, monthOf(usage)]}
      onPick={(i) => {
        const day = days[i]
        if (day !== undefined && Date.parse(day) <= Date.parse(usage.as_of)) onDay(day.slice(0, 10))
      }}
    />
  )
}

const capital = (s: string) => s.charAt(0).toUpperCase() + s.slice(1)
