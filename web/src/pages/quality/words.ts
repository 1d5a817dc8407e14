import type { NewQualityCheck, QualityCheck, QualityKind, QualityResult, QualityVerdict } from '../../api/quality'
import { formatNumber, formatShare, unknown } from '../../numbers/format'
import { propertyName } from '../../filters/filter'

export const kinds: readonly QualityKind[] = ['volume', 'nulls', 'freshness', 'ledger']

export const kindNames: Record<QualityKind, string> = {
  volume: 'Volume',
  nulls: 'Missing values',
  freshness: 'Freshness',
  ledger: 'Ledger',
}

export const kindMeanings: Record<QualityKind, string> = {
  volume: 'Are there as many events as in the same hours of past weeks?',
  nulls: 'In which share of events is a property missing or null?',
  freshness: 'How long ago was the newest event received?',
  ledger: 'Is every received event accounted for?',
}

export const verdictNames: Record<QualityVerdict, string> = {
  pass: 'Passes',
  warn: 'Warns',
  fail: 'Fails',
  unknown: 'Cannot tell',
}

/** The units that lengths of time are told in, longest first. */
const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
]

/** "15 minutes", "1 day": in the largest unit that fits. */
export function lengthText(seconds: number): string {
  const [length, name] = units.find(([l]) => seconds >= l && seconds % l === 0) ?? [1, 'second']
  const n = seconds / length
  return `${formatNumber(n)} ${name}${n === 1 ? '' : 's'}`
}

/** "every hour", "every 15 minutes". */
export function everyText(seconds: number): string {
  return `every ${lengthText(seconds).replace(/^1 /, '')}`
}

/** About how long: "3 h 20 min". */
export function ageText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
}

/** A value, or an edge of what is expected, in the words of its kind. */
export function valueText(kind: QualityKind, value: number | null): string {
  if (value === null) return unknown
  switch (kind) {
    case 'volume':
      return formatNumber(Math.round(value))
    case 'nulls':
      return formatShare(value)
    case 'freshness':
      return ageText(value)
    case 'ledger':
      return formatNumber(value)
  }
}

/** What would have passed: "980 to 1,420", "up to 5%". */
export function expectedText(kind: QualityKind, r: Pick<QualityResult, 'low' | 'high'>): string {
  if (r.low === null || r.high === null) return unknown
  switch (kind) {
    case 'volume':
      return `${formatNumber(Math.ceil(r.low))} to ${formatNumber(Math.floor(r.high))}`
    case 'ledger':
      return '0'
    case 'nulls':
      return `up to ${formatShare(r.high)}`
    case 'freshness':
      return `up to ${lengthText(r.high)}`
  }
}

/** What a check looks at: `"purchase" events`, `properties.amount of "purchase" events`. */
export function subjectText(c: Pick<QualityCheck, 'kind' | 'event' | 'property'>): string {
  if (c.kind === 'ledger') return 'the last 23 hours'
  const events = c.event === null ? 'all events' : `${c.event} events`
  return c.kind === 'nulls' && c.property !== null ? `${propertyName(c.property)} of ${events}` : events
}

/** A name for a check that has none yet. */
export function suggestedName(kind: QualityKind, event: string, property: string): string {
  const events = event === '' ? 'events' : event
  switch (kind) {
    case 'volume':
      return `As many ${events} as usual`
    case 'nulls':
      return property === '' ? '' : `${propertyName(property)} is there${event === '' ? '' : ` in ${event}`}`
    case 'freshness':
      return event === '' ? 'Events keep coming' : `${event} keeps coming`
    case 'ledger':
      return 'Every event accounted for'
  }
}

/** How often a check of a kind may be made, in seconds: those that count events look at whole hours. */
export function intervalsOf(kind: QualityKind): NonNullable<NewQualityCheck['interval_seconds']>[] {
  const hours = [3600, 10_800, 21_600, 43_200, 86_400] as const
  return kind === 'volume' || kind === 'nulls' ? [...hours] : [300, 900, 1800, ...hours]
}

/** The definition of a check, as it is sent to change it. */
export function definitionOf(c: QualityCheck): NewQualityCheck {
  return {
    kind: c.kind,
    name: c.name,
    enabled: c.enabled,
    interval_seconds: c.interval_seconds as NonNullable<NewQualityCheck['interval_seconds']>,
    ...(c.event === null ? {} : { event: c.event }),
    ...(c.property === null ? {} : { property: c.property }),
    ...(c.tolerance === null ? {} : { tolerance: c.tolerance }),
    ...(c.max_share === null ? {} : { max_share: c.max_share }),
    ...(c.sla_seconds === null ? {} : { sla_seconds: c.sla_seconds }),
  }
}
