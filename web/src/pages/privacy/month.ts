import { addDays, addMonths, format, getDay, isValid, parse, startOfMonth } from 'date-fns'

const dayFormat = 'yyyy-MM-dd'
// Days are dates without a clock here: noon keeps them clear of clocks that are set forward.
const noon = (day: string) => parse(`${day} 12`, `${dayFormat} HH`, new Date(0))
const text = (d: Date) => format(d, dayFormat)

/** Whether the text is a month, such as 2026-11. */
export const isMonth = (month: string) => /^\d{4}-\d{2}$/.test(month) && isValid(noon(`${month}-01`))

/** The days of the weeks that a month touches, Monday first, as yyyy-MM-dd. */
export function weeksOf(month: string): string[][] {
  const first = startOfMonth(noon(`${month}-01`))
  const start = addDays(first, -((getDay(first) + 6) % 7))
  const weeks: string[][] = []
  for (let d = start; weeks.length === 0 || text(d).startsWith(month); d = addDays(d, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, i) => text(addDays(d, i))))
  }
  return weeks
}

export const monthOf = (day: string) => day.slice(0, 7)

export const laterMonth = (month: string, by: number) => monthOf(text(addMonths(noon(`${month}-01`), by)))

/** "November 2026" */
export const monthName = (month: string) => format(noon(`${month}-01`), 'MMMM yyyy')

/** "Saturday 21 November 2026" */
export const dayName = (day: string) => format(noon(day), 'EEEE d MMMM yyyy')

/** The day that a key of the keyboard leads to from this one, as in every calendar; null for other keys. */
export function dayByKey(day: string, key: string): string | null {
  const d = noon(day)
  const weekday = (getDay(d) + 6) % 7
  switch (key) {
    case 'ArrowLeft':
      return text(addDays(d, -1))
    case 'ArrowRight':
      return text(addDays(d, 1))
    case 'ArrowUp':
      return text(addDays(d, -7))
    case 'ArrowDown':
      return text(addDays(d, 7))
    case 'Home':
      return text(addDays(d, -weekday))
    case 'End':
      return text(addDays(d, 6 - weekday))
    case 'PageUp':
      return text(addMonths(d, -1))
    case 'PageDown':
      return text(addMonths(d, 1))
    default:
      return null
  }
}
