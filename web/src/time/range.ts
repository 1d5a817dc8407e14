import { tz } from '@date-fns/tz'
import {
  addDays,
  format,
  isValid,
  parse,
  startOfDay,
  startOfMonth,
  subDays,
  subHours,
  subMonths,
  subYears,
} from 'date-fns'

/**
 * The stretch of time that a page looks at. What a range means depends on the time zone and, for presets, on the clock;
 * resolve turns it into two instants.
 */
export type Range =
  | { kind: 'preset'; preset: Preset }
  /** Whole days, both inclusive, as yyyy-MM-dd. */
  | { kind: 'days'; from: string; to: string }
  /** Instants as RFC 3339 in UTC, `to` exclusive. */
  | { kind: 'instants'; from: string; to: string }

export const presets = ['1h', '24h', 'today', 'yesterday', '7d', '30d', '90d', '12mo'] as const
export type Preset = (typeof presets)[number]

export const presetNames: Record<Preset, string> = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  today: 'Today',
  yesterday: 'Yesterday',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '90d': 'Last 90 days',
  '12mo': 'Last 12 months',
}

/** From inclusive, to exclusive. */
export interface Period {
  from: Date
  to: Date
}

export type Interval = 'minute' | 'hour' | 'day' | 'week' | 'month'
export const intervals: readonly Interval[] = ['minute', 'hour', 'day', 'week', 'month']

export type Compare = 'previous_period' | 'previous_year' | 'none'

const dayFormat = 'yyyy-MM-dd'

/** The instants of a range. Today's presets end now: a day that is not over is not compared with a whole one. */
export function resolve(range: Range, zone: string, now: Date): Period {
  switch (range.kind) {
    case 'days':
      return { from: startOf(range.from, zone), to: instant(addDays(startOf(range.to, zone), 1, { in: tz(zone) })) }
    case 'instants':
      return { from: new Date(range.from), to: new Date(range.to) }
    case 'preset':
      return resolvePreset(range.preset, zone, now)
  }
}

function resolvePreset(preset: Preset, zone: string, now: Date): Period {
  const options = { in: tz(zone) }
  const today = startOfDay(now, options)
  const since = (from: Date): Period => ({ from: instant(from), to: now })
  switch (preset) {
    case '1h':
      return since(subHours(now, 1))
    case '24h':
      return since(subHours(now, 24))
    case 'today':
      return since(today)
    case 'yesterday':
      return { from: instant(subDays(today, 1, options)), to: instant(today) }
    case '7d':
      return since(subDays(today, 6, options))
    case '30d':
      return since(subDays(today, 29, options))
    case '90d':
      return since(subDays(today, 89, options))
    case '12mo':
      return since(subMonths(startOfMonth(now, options), 11, options))
  }
}

/** Whether the range ends now, so that new events belong to it. */
export function isOpen(range: Range, zone: string, now: Date): boolean {
  return range.kind === 'preset' ? range.preset !== 'yesterday' : resolve(range, zone, now).to > now
}

/**
 * The period to compare with: as long, directly before, by the calendar (a week of days with its clock set forward is
 * compared with a whole week). What is not over yet is compared with as much of the period before, so Monday at ten with
 * the Monday before until ten.
 */
export function earlier(range: Range, compare: Compare, zone: string, now: Date): Period | null {
  if (compare === 'none') return null
  const options = { in: tz(zone) }
  const whole = resolve(range, zone, now)
  const end = whole.to > now ? now : whole.to
  const shifted = (shift: (d: Date) => Date): Period => ({ from: instant(shift(whole.from)), to: instant(shift(end)) })
  if (compare === 'previous_year') return shifted((d) => subYears(d, 1, options))

  if (range.kind === 'preset' && range.preset === '12mo') return shifted((d) => subMonths(d, 12, options))
  const days = range.kind === 'days' ? countDays(range) : range.kind === 'preset' ? presetDays[range.preset] : undefined
  if (days !== undefined) return shifted((d) => subDays(d, days, options))
  const length = whole.to.getTime() - whole.from.getTime()
  return shifted((d) => new Date(d.getTime() - length))
}

const presetDays: Partial<Record<Preset, number>> = { today: 1, yesterday: 1, '7d': 7, '30d': 30, '90d': 90 }

function countDays(range: { from: string; to: string }): number {
  return Math.round((Date.parse(range.to) - Date.parse(range.from)) / 86_400_000) + 1
}

/** The interval that makes a chart of some 30 to 200 points. */
export function autoInterval({ from, to }: Period): Interval {
  const hours = (to.getTime() - from.getTime()) / 3_600_000
  if (hours <= 3) return 'minute'
  if (hours <= 24 * 5) return 'hour'
  if (hours <= 24 * 120) return 'day'
  if (hours <= 24 * 366) return 'week'
  return 'month'
}

const hoursOf: Record<Interval, number> = { minute: 1 / 60, hour: 1, day: 24, week: 168, month: 730 }

/** The intervals that cut the period into 1 to 2,000 points: a chart cannot show more. */
export function possibleIntervals({ from, to }: Period): Interval[] {
  const hours = (to.getTime() - from.getTime()) / 3_600_000
  return intervals.filter((i) => hours / hoursOf[i] <= 2000 && (hours >= hoursOf[i] || i === 'minute'))
}

/** The longest interval that fits: for questions whose answer is the total. */
export function coarsestInterval(period: Period): Interval {
  return possibleIntervals(period).at(-1) ?? 'month'
}

/** The range that holds all events between two instants when that is a season at most, else the 30 days before the last. */
export function rangeOfEvents(first: Date, last: Date, zone: string): Range {
  const options = { in: tz(zone) }
  const monthBefore = subDays(startOfDay(last, options), 29, options)
  const seasonBefore = subDays(startOfDay(last, options), 91, options)
  const from = first < seasonBefore ? monthBefore : first
  return { kind: 'days', from: dayOf(from, zone), to: dayOf(last, zone) }
}

/** Every day from the first event to the last. */
export function allTime(first: Date, last: Date, zone: string): Range {
  return { kind: 'days', from: dayOf(first, zone), to: dayOf(last, zone) }
}

/** The calendar day of an instant, as yyyy-MM-dd. */
export function dayOf(at: Date, zone: string): string {
  return format(at, dayFormat, { in: tz(zone) })
}

export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && isValid(parse(text, dayFormat, new Date(0)))
}

function startOf(day: string, zone: string): Date {
  const options = { in: tz(zone) }
  return instant(startOfDay(parse(day, dayFormat, new Date(0), options), options))
}

/** A plain Date: the zoned dates of the library print themselves with an offset. */
function instant(d: Date): Date {
  return new Date(d.getTime())
}

export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Every IANA name that the browser knows, UTC first. */
export function zones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')]
}
