import { ActionIcon, Select, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import {
  usageEventsOptions,
  usageHoursOptions,
  type MeterName,
  type UsageHour,
  type UsageMeter,
  type UsageMonth,
} from '../../api/usage'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatDay } from '../../time/format'
import { Bookings } from './Bookings'
import { lastDayOf } from './days'
import { EventIDs } from './EventIDs'
import { formatQuantity, formatWithUnit } from './quantity'
import classes from './Usage.module.css'
import { billingZone } from './words'

interface HoursProps {
  usage: UsageMonth
  meter: MeterName
  onMeter: (meter: MeterName) => void
  /** As in 2026-11-21, in UTC. */
  day: string
  onDay: (day: string) => void
}

/** Meters whose quantity is made of single events. */
const ofEvents: readonly MeterName[] = ['events', 'bot_events', 'synthetic_events']

/** The ledger of a meter on a day: each hour with all that was booked of it, down to the events. */
export function Hours({ usage, meter, onMeter, day, onDay }: HoursProps) {
  const m = usage.meters.find((x) => x.meter === meter)
  const { data, error, refetch } = useQuery({
    ...usageHoursOptions(meter, day, usage.counted_at),
    placeholderData: keepPreviousData,
  })
  const first = usage.from.slice(0, 10)
  const last = lastDayOf(usage)
  const step = (by: number) => onDay(new Date(Date.parse(day) + by * 86_400_000).toISOString().slice(0, 10))
  return (
    <Panel
      title={`Hours of ${formatDay(day, billingZone)}`}
      note={
        data && m
          ? `${formatWithUnit(data.quantity, m)}, by the hour in UTC. What was booked is never changed: a later booking corrects it.`
          : undefined
      }
      flush
      actions={
        <div className={classes.controls}>
          <Select
            size="xs"
            aria-label="Meter"
            value={meter}
            onChange={(v) => v !== null && onMeter(v)}
            data={usage.meters.map((x) => ({ value: x.meter, label: x.title }))}
            allowDeselect={false}
          />
          <ActionIcon
            variant="default"
            size={30}
            aria-label="Day before"
            disabled={day <= first}
            onClick={() => step(-1)}
          >
            <ChevronLeft size={16} />
          </ActionIcon>
          <TextInput
            size="xs"
            type="date"
            aria-label="Day"
            value={day}
            min={first}
            max={last}
            onChange={(e) => {
              const to = e.currentTarget.value
              if (to >= first && to <= last) onDay(to)
            }}
          />
          <ActionIcon variant="default" size={30} aria-label="Day after" disabled={day >= last} onClick={() => step(1)}>
            <ChevronRight size={16} />
          </ActionIcon>
        </div>
      }
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined || m === undefined ? (
        <SkeletonRows rows={5} />
      ) : data.hours.length === 0 ? (
        <Empty title="Nothing was counted">No hour of this day came to anything of this meter.</Empty>
      ) : (
        <TableScroll label="Hours">
          <table className={classes.hours}>
            <thead>
              <tr>
                <th scope="col">Hour (UTC)</th>
                <th scope="col" className="number">
                  {m.unit.charAt(0).toUpperCase() + m.unit.slice(1)}
                </th>
                <th scope="col">How it was booked</th>
              </tr>
            </thead>
            <tbody>
              {data.hours.map((h) => (
                <Hour key={h.hour} meter={m} hour={h} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Panel>
  )
}

function Hour({ meter, hour: h }: { meter: UsageMeter; hour: UsageHour }) {
  const [open, setOpen] = useState(false)
  const clock = h.hour.slice(11, 16)
  return (
    <>
      <tr data-open={open}>
        <td>
          {ofEvents.includes(meter.meter) ? (
            <button type="button" className={classes.opener} aria-expanded={open} onClick={() => setOpen((o) => !o)}>
              <ChevronRight size={15} aria-hidden="true" /> {clock}
            </button>
          ) : (
            clock
          )}
        </td>
        <td className="number">
          <strong>{formatQuantity(h.quantity, meter)}</strong>
        </td>
        <td>
          <Bookings bookings={h.revisions} unit={meter} />
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={3}>
            <Events meter={meter.meter} hour={h.hour} />
          </td>
        </tr>
      )}
    </>
  )
}

function Events({ meter, hour }: { meter: MeterName; hour: string }) {
  const { data, error, refetch } = useQuery(usageEventsOptions(meter, hour))
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) return <SkeletonRows rows={1} />
  return <EventIDs ids={data.events.map((e) => e.event_id)} />
}
