import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { quotaOptions } from '../../api/billing'
import { usageOptions, type MeterName, type UsageMonth } from '../../api/usage'
import { maySeeBilling } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { newestDayOf } from './days'
import { Free } from './Free'
import { GrowthChart } from './GrowthChart'
import { Hours } from './Hours'
import { Meters } from './Meters'
import { MonthSteps, useMonth } from './MonthSteps'
import { Standing } from './Standing'
import { UsagePage } from './UsagePage'

/** What was used in a month, where it is going, and what of it cost nothing. */
export default function Usage() {
  const me = useMe()
  const [month] = useMonth()
  const may = maySeeBilling(me.role)
  const { data, error, refetch } = useQuery({ ...usageOptions(month), enabled: may })
  return (
    <UsagePage
      title="Usage"
      lead="What you used, where the month is going, and what cost nothing."
      actions={<MonthSteps shown={data} />}
    >
      {!may ? null : error && !data ? (
        <ErrorNote
          error={error}
          meaning="Counting goes on by itself: only this question failed."
          retry={() => void refetch()}
        />
      ) : data === undefined ? (
        <Panel label="Usage">
          <SkeletonRows rows={10} />
        </Panel>
      ) : (
        <Shown key={data.month} usage={data} running={month === null} />
      )}
    </UsagePage>
  )
}

function Shown({ usage, running }: { usage: UsageMonth; running: boolean }) {
  const [meter, setMeter] = useState<MeterName>('events')
  const [picked, setDay] = useState<string | null>(null)
  const { data: quota } = useQuery({ ...quotaOptions, enabled: running })
  const limit = running ? (quota?.limit?.events ?? null) : null
  const chosen = usage.meters.find((m) => m.meter === meter)
  return (
    <>
      <Standing usage={usage} running={running} quota={quota} />
      {chosen && <GrowthChart usage={usage} meter={chosen} limit={meter === 'events' ? limit : null} onDay={setDay} />}
      <Meters usage={usage} running={running} chosen={meter} onChoose={setMeter} />
      <Free free={usage.free} running={running} />
      <Hours usage={usage} meter={meter} onMeter={setMeter} day={picked ?? newestDayOf(usage)} onDay={setDay} />
    </>
  )
}
