import { unknown } from '../numbers/format'
import { dayOf, presetNames, resolve, type Compare, type Interval, type Period, type Preset, type Range } from './range'

const locale = 'en-GB'

function formatter(zone: string, options: Intl.DateTimeFormatOptions): (d: Date) => string {
  const f = new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: 'h23', ...options })
  return (d) => f.format(d).replaceAll(',', '')
}

/** 17 May 2015 10:05:03 */
export function formatTime(at: Date | string, zone: string): string {
  return formatter(zone, { dateStyle: 'medium', timeStyle: 'medium' })(new Date(at))
}

/** 17 May 2015 10:05:03.120, for where milliseconds matter. */
export function formatExactTime(at: Date | string, zone: string): string {
  const date = new Date(at)
  return `${formatTime(date, zone)}.${String(date.getUTCMilliseconds()).padStart(3, '0')}`
}

/** 10:05:03 */
export function formatClock(at: Date | string, zone: string): string {
  return formatter(zone, { timeStyle: 'medium' })(new Date(at))
}

/** 17 May 2015 */
export function formatDay(at: Date | string, zone: string): string {
  return formatter(zone, { dateStyle: 'medium' })(new Date(at))
}

/** May 2015 */
export function formatMonth(at: Date | string, zone: string): string {
  return formatter(zone, { month: 'long', year: 'numeric' })(new Date(at))
}

/** The name of a bucket, in full: for tooltips and tables. */
export function formatBucket(at: Date | string, interval: Interval, zone: string): string {
  const date = new Date(at)
  switch (interval) {
    case 'minute':
    case 'hour':
      return formatter(zone, {
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        year: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
      })(date)
    case 'day':
      return formatter(zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })(date)
    case 'week':
      return `Week of ${formatDay(date, zone)}`
    case 'month':
      return formatMonth(date, zone)
  }
}

/** Last 7 days, 17 – 20 May 2015, or 17 May 2015 10:00 – 12:30. */
export function formatRange(range: Range, zone: string): string {
  if (range.kind === 'preset') return presetNames[range.preset]
  const { from, to } = resolve(range, zone, new Date(0))
  return formatPeriod({ from, to }, zone)
}

const beforeNames: Record<Preset, string> = {
  '1h': 'the hour before',
  '24h': 'the 24 hours before',
  today: 'yesterday until this time',
  yesterday: 'the day before',
  '7d': 'the 7 days before',
  '30d': 'the 30 days before',
  '90d': 'the 90 days before',
  '12mo': 'the 12 months before',
}

/** The period that a range is compared with: "the 7 days before", or its dates. */
export function formatEarlier(range: Range, compare: Compare, period: Period, zone: string): string {
  if (range.kind === 'preset' && compare === 'previous_period') return beforeNames[range.preset]
  return formatPeriod(period, zone)
}

/** A period by its days where it is made of whole days, else with the time of day. */
export function formatPeriod({ from, to }: Period, zone: string): string {
  const last = new Date(to.getTime() - 1)
  if (isMidnight(from, zone) && isMidnight(to, zone)) return formatDays(from, last, zone)
  const start = `${formatDay(from, zone)} ${shortClock(from, zone)}`
  return dayOf(from, zone) === dayOf(last, zone)
    ? `${start} – ${shortClock(to, zone)}`
    : `${start} – ${formatDay(to, zone)} ${shortClock(to, zone)}`
}

function formatDays(first: Date, last: Date, zone: string): string {
  const day = formatter(zone, { day: 'numeric' })
  const dayMonth = formatter(zone, { day: 'numeric', month: 'short' })
  const [a, b] = [dayOf(first, zone), dayOf(last, zone)]
  if (a === b) return formatDay(first, zone)
  if (a.slice(0, 7) === b.slice(0, 7)) return `${day(first)} – ${formatDay(last, zone)}`
  if (a.slice(0, 4) === b.slice(0, 4)) return `${dayMonth(first)} – ${formatDay(last, zone)}`
  return `${formatDay(first, zone)} – ${formatDay(last, zone)}`
}

function shortClock(at: Date, zone: string): string {
  return formatter(zone, { timeStyle: 'short' })(at)
}

function isMidnight(at: Date, zone: string): boolean {
  return dayOf(at, zone) !== dayOf(new Date(at.getTime() - 1), zone)
}

/** "12 seconds ago", "in 3 days"; rounded down to the largest unit. */
export function formatAgo(at: Date | string, now: Date): string {
  const seconds = Math.trunc((new Date(at).getTime() - now.getTime()) / 1000)
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 31_536_000],
    ['month', 2_592_000],
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ]
  const f = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return f.format(Math.trunc(seconds / length), unit)
  }
  return f.format(seconds, 'second')
}

/** 90 -> "1 minute", 604800 -> "7 days": for grace periods. */
export function formatDuration(seconds: number): string {
  const units: [string, number][] = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ]
  for (const [unit, length] of units) {
    if (seconds >= length) {
      const n = Math.floor(seconds / length)
      return `${n} ${unit}${n === 1 ? '' : 's'}`
    }
  }
  return `${seconds} second${seconds === 1 ? '' : 's'}`
}

/** How long something took, in two units at most: 0.034 -> "34 ms", 1.25 -> "1.3 s", 75 -> "1 min 15 s", 7260 -> "2 h 1 min". */
export function formatSpan(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return unknown
  if (seconds > 0 && seconds < 0.001) return '<1 ms'
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`
  const whole = Math.round(seconds)
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  const at = units.findIndex(([, length]) => whole >= length)
  let rest = whole
  return units
    .slice(at, at + 2)
    .flatMap(([unit, length]) => {
      const n = Math.floor(rest / length)
      rest -= n * length
      return n === 0 ? [] : [`${n} ${unit}`]
    })
    .join(' ')
}

export interface Tick {
  index: number
  label: string
}

/**
 * Labels for the time axis: at most `room` of them, on the round times that a reader looks for (midnights, Mondays, firsts of
 * the month), with the larger unit where it changes.
 */
export function ticks(times: readonly Date[], interval: Interval, zone: string, room: number): Tick[] {
  const clocks = wallClocks(times, zone)
  const every = Math.ceil(times.length / Math.max(room, 1))
  const evenly: Step = (_, i) => i % every === 0
  const indexes =
    stepsFor(interval)
      .map((step) => clocks.flatMap((c, i) => (step(c, i) ? [i] : [])))
      .find((found) => found.length > 0 && found.length <= room) ?? clocks.flatMap((c, i) => (evenly(c, i) ? [i] : []))
  const label = labeller(interval, zone)
  return indexes.flatMap((index, n) => {
    const [at, clock] = [times[index], clocks[index]]
    return at && clock ? [{ index, label: label(at, clock, clocks[indexes[n - 1] ?? -1]) }] : []
  })
}

interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

function wallClocks(times: readonly Date[], zone: string): Wall[] {
  const f = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  return times.map((t) => {
    const parts = f.formatToParts(t)
    const get = (type: string) => Number(parts.find((p) => p.type === type)?.value ?? 0)
    return { year: get('year'), month: get('month'), day: get('day'), hour: get('hour'), minute: get('minute') }
  })
}

/** Whether the bucket at this place gets a label. */
type Step = (w: Wall, index: number) => boolean

/** From the most labels to the fewest. */
function stepsFor(interval: Interval): Step[] {
  const minutes =
    (n: number): Step =>
    (w) =>
      (w.hour * 60 + w.minute) % n === 0
  const days =
    (n: number): Step =>
    (w) =>
      w.hour === 0 && w.minute === 0 && (w.day - 1) % n === 0
  const buckets =
    (n: number): Step =>
    (_, i) =>
      i % n === 0
  const months =
    (n: number): Step =>
    (w) =>
      (w.month - 1) % n === 0
  switch (interval) {
    case 'minute':
      return [1, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(minutes)
    case 'hour':
      return [...[60, 120, 180, 360, 720, 1440].map(minutes), ...[2, 5].map(days)]
    case 'day':
    case 'week':
      return [1, 2, 3, 4, 7, 14].map(buckets)
    case 'month':
      return [1, 2, 3, 6, 12].map(months)
  }
}

/** Labels a bucket, given the one labelled before it. */
function labeller(interval: Interval, zone: string): (at: Date, w: Wall, before: Wall | undefined) => string {
  const clock = formatter(zone, { timeStyle: 'short' })
  const day = formatter(zone, { day: 'numeric', month: 'short' })
  const dayOfYear = formatter(zone, { day: 'numeric', month: 'short', year: 'numeric' })
  const month = formatter(zone, { month: 'short' })
  const monthOfYear = formatter(zone, { month: 'short', year: 'numeric' })
  /** Also true for the first label. */
  const newYear = (w: Wall, before: Wall | undefined) => before?.year !== w.year
  return (at, w, before) => {
    switch (interval) {
      case 'minute':
      case 'hour':
        return w.hour === 0 && w.minute === 0 ? day(at) : clock(at)
      case 'day':
      case 'week':
        return before !== undefined && newYear(w, before) ? dayOfYear(at) : day(at)
      case 'month':
        return newYear(w, before) ? monthOfYear(at) : month(at)
    }
  }
}
