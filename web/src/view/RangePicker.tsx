import { Button, Divider, Popover, Select, Stack } from '@mantine/core'
import { DatePicker } from '@mantine/dates'
import { Calendar } from 'lucide-react'
import { useState } from 'react'
import { formatRange } from '../time/format'
import { allTime, dayOf, isDay, presetNames, presets, resolve, zones, type Range } from '../time/range'
import classes from './RangePicker.module.css'
import { useSeen, useView } from './useView'

/** Chooses the time range and the zone that its days are counted in. */
export function RangePicker({ range }: { range: Range | null }) {
  const view = useView()
  const [opened, setOpened] = useState(false)
  const choose = (next: Range) => {
    view.change({ range: next })
    setOpened(false)
  }
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      trapFocus
      returnFocus
      shadow="md"
      withinPortal
    >
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<Calendar size={16} />}
          onClick={() => setOpened((o) => !o)}
          className={classes.button}
        >
          <span>{range === null ? 'Time range' : formatRange(range, view.tz)}</span>
          <span className={classes.zone}>{view.tz}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.dropdown} aria-label="Time range">
        <div className={classes.columns}>
          <div className={classes.presets} role="group" aria-label="Ranges">
            {presets.map((p) => (
              <Button
                key={p}
                variant={range?.kind === 'preset' && range.preset === p ? 'light' : 'subtle'}
                color={range?.kind === 'preset' && range.preset === p ? 'aurora' : 'gray'}
                size="compact-sm"
                justify="flex-start"
                onClick={() => choose({ kind: 'preset', preset: p })}
              >
                {presetNames[p]}
              </Button>
            ))}
            <AllTime onChoose={choose} />
          </div>
          <Divider orientation="vertical" className={classes.divider} />
          <Stack gap="sm">
            <DayRange range={range} onChoose={choose} />
            <Select
              label="Time zone"
              data={zones()}
              value={view.tz}
              onChange={(zone) => zone !== null && view.change({ zone })}
              searchable
              allowDeselect={false}
              comboboxProps={{ withinPortal: false }}
            />
          </Stack>
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}

/** From the first event to the newest: asked for only when the choice is open. */
function AllTime({ onChoose }: { onChoose: (range: Range) => void }) {
  const { tz } = useView()
  const seen = useSeen()
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      justify="flex-start"
      disabled={!seen}
      onClick={() => seen && onChoose(allTime(seen.first, seen.last, tz))}
    >
      All time
    </Button>
  )
}

function DayRange({ range, onChoose }: { range: Range | null; onChoose: (range: Range) => void }) {
  const { tz } = useView()
  const [now] = useState(() => new Date())
  const [picked, setPicked] = useState<[string | null, string | null]>(() =>
    range === null ? [null, null] : daysOf(range, tz, now),
  )
  return (
    <DatePicker
      type="range"
      value={picked}
      allowSingleDateInRange
      maxDate={dayOf(now, tz)}
      defaultDate={picked[0] ?? dayOf(now, tz)}
      onChange={([from, to]) => {
        setPicked([from, to])
        if (from !== null && to !== null && isDay(from) && isDay(to)) onChoose({ kind: 'days', from, to })
      }}
      ariaLabels={{
        previousMonth: 'Previous month',
        nextMonth: 'Next month',
        previousYear: 'Previous year',
        nextYear: 'Next year',
      }}
    />
  )
}

function daysOf(range: Range, zone: string, now: Date): [string, string] {
  const { from, to } = resolve(range, zone, now)
  return [dayOf(from, zone), dayOf(new Date(to.getTime() - 1), zone)]
}
