import { Button } from '@mantine/core'
import { DatePickerInput } from '@mantine/dates'
import { CalendarClock } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { dayOf } from '../../time/range'
import { useView } from '../../view/useView'

/** Chooses the day at whose end one looks; it stands in the address. */
export function AsOf({ asOf }: { asOf: Date | null }) {
  const { tz } = useView()
  const [, setParams] = useSearchParams()
  const [now] = useState(() => new Date())
  const look = (day: string | null) =>
    setParams((params) => {
      const next = new URLSearchParams(params)
      if (day === null) next.delete('as_of')
      else next.set('as_of', day)
      return next
    })
  return (
    <>
      <DatePickerInput
        placeholder="As of now"
        leftSection={<CalendarClock size={16} />}
        valueFormat="[As of] D MMM YYYY"
        value={asOf === null ? null : dayOf(asOf, tz)}
        maxDate={dayOf(now, tz)}
        onChange={look}
        w={200}
        ariaLabels={{
          previousMonth: 'Previous month',
          nextMonth: 'Next month',
          previousYear: 'Previous year',
          nextYear: 'Next year',
        }}
      />
      {asOf !== null && (
        <Button variant="default" onClick={() => look(null)}>
          Now
        </Button>
      )}
    </>
  )
}
