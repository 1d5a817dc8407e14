import type { Alert, AlertCondition, AlertMeasure, AlertState, Severity } from '../../api/alerts'
import { describe, propertyName, type Filter } from '../../filters/filter'
import { formatNumber, formatShare, unknown } from '../../numbers/format'
import { formatDuration } from '../../time/format'
import { measureNames, ofProperty } from '../explore/question'

export const severities: readonly Severity[] = ['info', 'warning', 'critical']
export const severityNames: Record<Severity, string> = { info: 'Info', warning: 'Warning', critical: 'Critical' }

export const stateNames: Record<AlertState, string> = {
  ok: 'OK',
  pending: 'Pending',
  firing: 'Firing',
  resolved: 'Resolved',
  muted: 'Muted',
}

export type MeasureKind = AlertMeasure['kind']

export const kindNames: Record<MeasureKind, string> = {
  trend: 'A measure of events',
  ratio: 'Share of events (error rate)',
  quarantine_rate: 'Share that is quarantined',
  freshness: 'Time since the newest event',
  quota_use: 'Use of a monthly amount',
  ledger_balance: 'Hours whose books do not balance',
  quality: 'A data quality check',
}

/** Whether a value is a share, which people read in percent. */
export const isShare = (kind: MeasureKind) => kind === 'ratio' || kind === 'quarantine_rate' || kind === 'quota_use'

/** Whether something is measured over a window. */
export const hasWindow = (kind: MeasureKind) => kind !== 'freshness' && kind !== 'quota_use' && kind !== 'quality'

/** A value in the unit of what is measured. */
export function formatValue(kind: MeasureKind, value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown
  if (isShare(kind)) return formatShare(value)
  if (kind === 'freshness') return formatDuration(value)
  return formatNumber(value)
}

/** "Events (count) of checkout, where country is DE": what is measured. */
export function describeMeasure(m: AlertMeasure): string {
  const filter = m.filters ? `, where ${describe(m.filters as Filter)}` : ''
  const of = m.event ? ` of ${m.event}` : ''
  switch (m.kind) {
    case 'trend': {
      const measure = m.measure ?? 'count'
      const what = ofProperty(measure)
        ? `${measureNames[measure]} of ${m.property ? propertyName(m.property) : '…'}`
        : measureNames[measure]
      return `${what}${ofProperty(measure) ? of.replace(' of ', ' in ') : of}${filter}`
    }
    case 'ratio':
      return `Share${of || ' of all events'}${filter} in ${m.of_event ?? 'all events'}`
    case 'quarantine_rate':
      return 'Share of received events that is quarantined'
    case 'freshness':
      return `Time since the newest event${of}`
    case 'quota_use':
      return m.amount
        ? `Events stored this month, of ${formatNumber(m.amount)}`
        : 'Events stored this month, of what the plan has'
    case 'ledger_balance':
      return 'Hours whose books do not balance'
    case 'quality':
      return 'Result of a quality check'
  }
}

/** "below 10": when a value is wrong. */
export function describeCondition(m: AlertMeasure, c: AlertCondition): string {
  switch (c.kind) {
    case 'threshold':
      return `${c.direction ?? 'above'} ${formatValue(m.kind, c.value)}`
    case 'change': {
      const way = c.direction === 'above' ? 'rises' : c.direction === 'below' ? 'falls' : 'changes'
      const against = { previous: 'the window before', day: 'a day before', week: 'a week before' }[
        c.against ?? 'previous'
      ]
      return `${way} by more than ${formatNumber(c.value)}% from ${against}`
    }
    case 'anomaly': {
      const way = c.direction === 'above' ? 'above' : c.direction === 'below' ? 'below' : 'outside of'
      return `${way} what is usual at this time of the week`
    }
    case 'no_data':
      return 'nothing to measure'
  }
}

/** The rule in one line, such as "Events (count) of checkout, over 1 hour: below 10, for 10 minutes". */
export function describeRule(r: Pick<Alert, 'measure' | 'condition' | 'for_seconds'>): string {
  const window =
    hasWindow(r.measure.kind) && r.measure.window_seconds ? `, over ${formatDuration(r.measure.window_seconds)}` : ''
  const held = r.for_seconds > 0 ? `, for ${formatDuration(r.for_seconds)}` : ''
  return `${describeMeasure(r.measure)}${window}: ${describeCondition(r.measure, r.condition)}${held}`
}

export const entryNames: Record<string, string> = {
  opened: 'Opened',
  rule_fired: 'A rule fired',
  rule_resolved: 'A rule is fine again',
  flapping: 'Flapping',
  missed: 'Ticks were missed',
  muted: 'Muted',
  unmuted: 'No longer muted',
  acknowledged: 'Acknowledged',
  snoozed: 'Snoozed',
  resolved: 'Resolved',
  told: 'Told',
  delivery_failed: 'Not reached',
}
