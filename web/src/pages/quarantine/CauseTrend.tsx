import { Skeleton, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { causeTrendOptions } from '../../api/quarantine'
import type { Cause } from '../../api/types'
import { ChartPanel } from '../../charts/ChartPanel'
import type { ChartSeries } from '../../charts/model'
import { formatNumber } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { tokens } from '../../theme/tokens'
import { formatPeriod } from '../../time/format'
import { RangePicker } from '../../view/RangePicker'
import { useView } from '../../view/useView'
import { everyBucket, rangeOf } from './trend'

/** When the events of a cause were received, whatever became of them since. */
export function CauseTrend({ cause }: { cause: Cause }) {
  const view = useView()
  const t = tokens[useComputedColorScheme('dark')]
  const [now] = useState(() => new Date())
  const range = view.range ?? rangeOf([cause], now)
  const { data, error, refetch } = useQuery(causeTrendOptions(cause.id, range, view.tz))
  const series = useMemo<ChartSeries[]>(
    () => [{ name: 'Events', color: t.attention, points: data ? everyBucket(data, now) : [] }],
    [data, now, t],
  )
  if (error && !data) {
    return (
      <Panel title="Trend">
        <ErrorNote error={error} retry={() => void refetch()} />
      </Panel>
    )
  }
  if (data === undefined) return <Skeleton height={300} radius="lg" />
  // Days are those of UTC, whichever zone the times are told in.
  const zone = data.interval === 'day' ? 'UTC' : view.tz
  const period = formatPeriod(data.period, zone)
  return (
    <ChartPanel
      title={`Set aside by the ${data.interval}`}
      note={`Events by when they were received, those that were put right since included. ${period}, ${zone}.`}
      series={series}
      interval={data.interval}
      zone={zone}
      kind="bar"
      format={formatNumber}
      height={220}
      file={['quarantine', cause.event, period]}
      extra={<RangePicker range={range} />}
    />
  )
}
