import type { Alert, AlertCondition, AlertMeasure, NewAlert } from '../../api/alerts'
import type { Filter } from '../../filters/filter'
import { ofProperty } from '../explore/question'
import { hasWindow, isShare, type MeasureKind } from './words'

/** A rule as it is edited. Numbers may be text while they are typed; shares are in percent, freshness in minutes. */
export interface Draft {
  name: string
  kind: MeasureKind
  measure: NonNullable<AlertMeasure['measure']>
  event: string | null
  ofEvent: string | null
  property: string | null
  filter: Filter | null
  window: number
  amount: number | string
  check: string | null
  condition: AlertCondition['kind']
  direction: 'above' | 'below' | 'either'
  value: number | string
  against: 'previous' | 'day' | 'week'
  deviations: number | string
  interval: number
  hold: number
  delay: number
  noData: Alert['no_data']
  severity: Alert['severity']
  group: string
  escalation: string | null
}

/** What a number of the form is in the unit of the API. */
const factor = (kind: MeasureKind) => (isShare(kind) ? 0.01 : kind === 'freshness' ? 60 : 1)

/** The unit that stands behind the bound. */
export function unitOf(kind: MeasureKind): string {
  return isShare(kind) ? '%' : kind === 'freshness' ? ' min' : ''
}

const fresh: Draft = {
  name: '',
  kind: 'trend',
  measure: 'count',
  event: null,
  ofEvent: null,
  property: null,
  filter: null,
  window: 3600,
  amount: 1_000_000,
  check: null,
  condition: 'threshold',
  direction: 'below',
  value: '',
  against: 'previous',
  deviations: 5,
  interval: 300,
  hold: 0,
  delay: 60,
  noData: 'ok',
  severity: 'warning',
  group: '',
  escalation: null,
}

const kinds: readonly MeasureKind[] = [
  'trend',
  'ratio',
  'quarantine_rate',
  'freshness',
  'quota_use',
  'ledger_balance',
  'quality',
]

/** A new rule, as far as a link that led here says what it is about. */
export function newDraft(params: URLSearchParams): Draft {
  const kind = kinds.find((k) => k === params.get('measure')) ?? 'trend'
  return {
    ...fresh,
    ...suggestions[kind],
    kind,
    event: params.get('event'),
    check: params.get('check'),
    name: params.get('name') ?? '',
  }
}

/** What makes sense to begin with, for each measure. */
export const suggestions: Record<MeasureKind, Partial<Draft>> = {
  trend: {},
  ratio: { condition: 'threshold', direction: 'above', value: 5 },
  quarantine_rate: { condition: 'threshold', direction: 'above', value: 2 },
  freshness: { condition: 'threshold', direction: 'above', value: 30, noData: 'firing' },
  quota_use: { condition: 'threshold', direction: 'above', value: 80 },
  ledger_balance: { condition: 'threshold', direction: 'above', value: 0, severity: 'critical', window: 7200 },
  quality: { condition: 'threshold', direction: 'above', value: 0 },
}

export function draftOf(rule: Alert): Draft {
  const { measure: m, condition: c } = rule
  const shown = (value: number | undefined) =>
    value === undefined ? '' : c.kind === 'threshold' ? Number((value / factor(m.kind)).toPrecision(12)) : value
  return {
    ...fresh,
    name: rule.name,
    kind: m.kind,
    measure: m.measure ?? 'count',
    event: m.event ?? null,
    ofEvent: m.of_event ?? null,
    property: m.property ?? null,
    filter: (m.filters as Filter | undefined) ?? null,
    window: m.window_seconds ?? rule.interval_seconds,
    amount: m.amount ?? (m.kind === 'quota_use' ? '' : fresh.amount),
    check: m.check_id ?? null,
    condition: c.kind,
    direction: c.direction ?? 'either',
    value: shown(c.value),
    against: c.against ?? 'previous',
    deviations: c.deviations ?? 5,
    interval: rule.interval_seconds,
    hold: rule.for_seconds,
    delay: rule.delay_seconds,
    noData: rule.no_data,
    severity: rule.severity,
    group: rule.group,
    escalation: rule.escalation_id,
  }
}

/** What is still missing, in words; null when the rule can be tried. */
export function missing(d: Draft): string | null {
  if (d.kind === 'trend' && ofProperty(d.measure) && d.property === null) return 'Choose the property that is measured.'
  if (d.kind === 'ratio' && d.event === null && d.filter === null)
    return 'Say which events count: choose an event, or a filter.'
  if (d.kind === 'quota_use' && d.amount !== '' && !(Number(d.amount) >= 1))
    return 'Say how many events a month are all of it, or leave it to the plan.'
  if (d.kind === 'quality' && d.check === null) return 'Choose the quality check.'
  if (d.condition === 'threshold' && (d.value === '' || !Number.isFinite(Number(d.value))))
    return 'Say which value is the bound.'
  if (d.condition === 'change' && !(Number(d.value) > 0)) return 'Say how many percent are too much.'
  if (d.condition === 'anomaly' && !(Number(d.deviations) >= 1)) return 'Say how many deviations are too many.'
  return null
}

/** Whether a bound is all that is missing, so that the values can be shown to choose it from. */
export function lacksOnlyBound(d: Draft): boolean {
  return missing(d) !== null && missing(unbound(d)) === null
}

/** The same without a bound: only what is measured. */
export const unbound = (d: Draft): Draft => ({ ...d, condition: 'no_data' })

/** The rule as the API takes it. Call it with a draft that nothing is missing from. */
export function toRule(d: Draft, name: string): NewAlert {
  return {
    name,
    measure: toMeasure(d),
    condition: toCondition(d),
    interval_seconds: d.interval,
    for_seconds: d.hold,
    delay_seconds: d.delay,
    no_data: d.noData,
    severity: d.severity,
    group: d.group.trim(),
    escalation_id: d.escalation,
  }
}

function toMeasure(d: Draft): AlertMeasure {
  const of = d.event === null ? {} : { event: d.event }
  const filters = d.filter === null ? {} : { filters: d.filter }
  const window = hasWindow(d.kind) ? { window_seconds: d.window } : {}
  switch (d.kind) {
    case 'trend':
      return {
        kind: d.kind,
        measure: d.measure,
        ...of,
        ...filters,
        ...window,
        ...(ofProperty(d.measure) && d.property !== null ? { property: d.property } : {}),
      }
    case 'ratio':
      return { kind: d.kind, ...of, ...filters, ...window, ...(d.ofEvent === null ? {} : { of_event: d.ofEvent }) }
    case 'freshness':
      return { kind: d.kind, ...of }
    case 'quota_use':
      return d.amount === '' ? { kind: d.kind } : { kind: d.kind, amount: Number(d.amount) }
    case 'quality':
      return { kind: d.kind, check_id: d.check ?? '' }
    default:
      return { kind: d.kind, ...window }
  }
}

function toCondition(d: Draft): AlertCondition {
  switch (d.condition) {
    case 'threshold':
      return {
        kind: 'threshold',
        direction: d.direction === 'either' ? 'above' : d.direction,
        value: Number((Number(d.value) * factor(d.kind)).toPrecision(12)),
      }
    case 'change':
      return { kind: 'change', direction: d.direction, value: Number(d.value), against: d.against }
    case 'anomaly':
      return { kind: 'anomaly', direction: d.direction, deviations: Number(d.deviations) }
    case 'no_data':
      return { kind: 'no_data' }
  }
}
