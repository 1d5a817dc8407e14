import { tz } from '@date-fns/tz'
import { addMonths } from 'date-fns'
import { resolve } from '../../time/range'

/** The last moment to which a deadline can be moved: three months after the request was filed, by the calendar. */
export function latestDeadline(filedAt: string): Date {
  return new Date(addMonths(new Date(filedAt), 3, { in: tz('UTC') }).getTime())
}

/** The end of a day in the zone, or the last moment that is allowed where that comes before. */
export function endOfDay(day: string, zone: string, latest: Date): Date {
  const { to } = resolve({ kind: 'days', from: day, to: day }, zone, latest)
  const end = new Date(to.getTime() - 1000)
  return end > latest && dayBegins(day, zone) <= latest ? latest : end
}

function dayBegins(day: string, zone: string): Date {
  return resolve({ kind: 'days', from: day, to: day }, zone, new Date(0)).from
}
