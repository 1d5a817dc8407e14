import type { PolicyForm } from '../../../policy/form'
import { formatNumber } from '../../../numbers/format'

/** The document of a policy of kind `retention`. */
export interface Retention {
  /** Of events that no line names; null: until they are erased. */
  keep_days: number | null
  events: readonly EventRule[]
  properties: readonly PropertyRule[]
}

export interface EventRule {
  event: string
  /** Null: until they are erased. */
  keep_days: number | null
}

export interface PropertyRule {
  /** Empty: of every event. */
  event: string
  path: string
  keep_days: number
}

export const mostDays = 36_500

export const isDays = (n: unknown): n is number =>
  typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= mostDays

/** "90 days", or "for ever". */
export const daysText = (days: number | null): string =>
  days === null ? 'for ever' : `${formatNumber(days)} ${days === 1 ? 'day' : 'days'}`

/** "phone in Order placed", "phone in every event". */
export const propertyText = (r: Pick<PropertyRule, 'event' | 'path'>): string =>
  `${r.path} in ${r.event === '' ? 'every event' : r.event}`

interface Sent {
  keep_days?: number
  events?: EventRule[]
  properties?: { event?: string; path: string; keep_days: number }[]
}

export const retention: PolicyForm<Retention> = {
  kind: 'retention',
  read: (policy) => {
    const d = policy.document as Sent & { keep_days?: number | null }
    return {
      keep_days: d.keep_days ?? null,
      events: d.events ?? [],
      properties: (d.properties ?? []).map((p) => ({ ...p, event: p.event ?? '' })),
    }
  },
  write: toSend,
  changes,
  emptyMeans: 'Everything is kept',
}

/** What says nothing is left out. */
export function toSend(d: Retention): object {
  return {
    ...(d.keep_days !== null && { keep_days: d.keep_days }),
    ...(d.events.length > 0 && { events: [...d.events] }),
    ...(d.properties.length > 0 && {
      properties: d.properties.map(({ event, path, keep_days }) => ({
        ...(event !== '' && { event }),
        path,
        keep_days,
      })),
    }),
  }
}

/** The document with a line for the events of one name in place of the one there was. */
export function withEvent(d: Retention, rule: EventRule): Retention {
  const there = d.events.some((e) => e.event === rule.event)
  return { ...d, events: there ? d.events.map((e) => (e.event === rule.event ? rule : e)) : [...d.events, rule] }
}

/** The document with a line for a property in place of the one there was. */
export function withProperty(d: Retention, rule: PropertyRule): Retention {
  const there = d.properties.some((p) => same(p, rule))
  return { ...d, properties: there ? d.properties.map((p) => (same(p, rule) ? rule : p)) : [...d.properties, rule] }
}

const same = (a: PropertyRule, b: PropertyRule) => a.event === b.event && a.path === b.path

export const withoutEvent = (d: Retention, event: string): Retention => ({
  ...d,
  events: d.events.filter((e) => e.event !== event),
})

export const withoutProperty = (d: Retention, rule: PropertyRule): Retention => ({
  ...d,
  properties: d.properties.filter((p) => !same(p, rule)),
})

function changes(before: Retention, after: Retention): string[] {
  const lines: string[] = []
  if (before.keep_days !== after.keep_days)
    lines.push(`Events without a line of their own: ${daysText(before.keep_days)} → ${daysText(after.keep_days)}`)
  const was = new Map(before.events.map((e) => [e.event, e.keep_days]))
  for (const e of after.events) {
    const old = was.get(e.event)
    if (old === undefined) lines.push(`${e.event}: kept ${daysText(e.keep_days)}`)
    else if (old !== e.keep_days) lines.push(`${e.event}: ${daysText(old)} → ${daysText(e.keep_days)}`)
  }
  for (const e of before.events) {
    if (!after.events.some((a) => a.event === e.event)) lines.push(`${e.event}: kept as the others are`)
  }
  for (const p of after.properties) {
    const old = before.properties.find((b) => same(b, p))
    if (old === undefined) lines.push(`${propertyText(p)}: taken out after ${daysText(p.keep_days)}`)
    else if (old.keep_days !== p.keep_days)
      lines.push(`${propertyText(p)}: taken out after ${daysText(old.keep_days)} → ${daysText(p.keep_days)}`)
  }
  for (const p of before.properties) {
    if (!after.properties.some((a) => same(a, p))) lines.push(`${propertyText(p)}: stays as long as the event`)
  }
  return lines
}
