import { useComputedColorScheme } from '@mantine/core'
import { useCallback, useMemo } from 'react'
import type { QualityCheck, QualityResult } from '../../api/quality'
import { ChartPanel } from '../../charts/ChartPanel'
import { formatNumber } from '../../numbers/format'
import { tokens } from '../../theme/tokens'
import { formatPeriod } from '../../time/format'
import { resolve, type Range } from '../../time/range'
import { useView } from '../../view/useView'
import { chartSeries, unitOf } from './series'

interface CheckChartProps {
  check: QualityCheck
  results: readonly QualityResult[]
  range: Range
}

/** What was found, within the band of what was expected. What warned or failed is a dot. */
export function CheckChart({ check, results, range }: CheckChartProps) {
  const { tz } = useView()
  const t = tokens[useComputedColorScheme('dark')]
  const series = useMemo(() => chartSeries(check, results, t), [check, results, t])
  const { title, suffix } = unitOf(check)
  const format = useCallback(
    (n: number | null) => (n === null ? formatNumber(n) : formatNumber(Math.round(n * 100) / 100) + suffix),
    [suffix],
  )
  const period = formatPeriod(resolve(range, tz, new Date()), tz)
  const band = check.kind === 'ledger' ? 'Anything but 0 fails.' : 'Shaded: what was expected.'
  return (
    <ChartPanel
      title={title}
      note={`Each point is what was found up to then. ${band} Dots: what warned (amber) or failed (red). ${period}, ${tz}.`}
      series={series}
      interval={check.interval_seconds < 3600 ? 'minute' : 'hour'}
      zone={tz}
      kind="line"
      format={format}
      height={260}
      file={['quality', check.name, period]}
    />
  )
}
