import type { Policy } from '../../api/types'
import type { PolicyForm } from '../../policy/form'

/** The document of a policy of kind `contract`. */
export interface Contract {
  unknown_events: UnknownEvents
  events: readonly Binding[]
}

export interface Binding {
  event: string
  /** Subject of the schema registry; empty only where the mode is off. */
  subject: string
  mode: Mode
  unknown_properties: UnknownProperties
}

export type UnknownEvents = 'allow' | 'quarantine'
export type Mode = 'off' | 'warn' | 'enforce'
export type UnknownProperties = 'keep' | 'drop' | 'quarantine'

export const modes: readonly Mode[] = ['off', 'warn', 'enforce']

export const modeNames: Record<Mode, string> = { off: 'Off', warn: 'Warn', enforce: 'Enforce' }

export const modeMeanings: Record<Mode, string> = {
  off: 'Not looked at.',
  warn: 'What does not fit is stored, and marked with what is wrong.',
  enforce: 'What does not fit is set aside in quarantine, with its reason.',
}

export const unknownPropertyNames: Record<UnknownProperties, string> = {
  keep: 'Keep',
  drop: 'Drop',
  quarantine: 'Quarantine',
}

export const contractForm: PolicyForm<Contract> = {
  kind: 'contract',
  read: contractOf,
  changes: changesBetween,
  emptyMeans: 'every event is stored as it comes',
}

/** The contract in a policy. What was left out has its default. */
export function contractOf(policy: Pick<Policy, 'document'>): Contract {
  const d = policy.document as Partial<Contract>
  return {
    unknown_events: d.unknown_events ?? 'allow',
    events: (d.events ?? []).map((b) => newBinding(b)),
  }
}

export function newBinding(b: Partial<Binding> & { event: string }): Binding {
  const subject = b.subject ?? ''
  return {
    event: b.event,
    subject,
    mode: b.mode ?? (subject === '' ? 'off' : 'warn'),
    unknown_properties: b.unknown_properties ?? 'keep',
  }
}

/** The contract with one event bound otherwise, or for the first time. */
export function withBinding(c: Contract, b: Binding): Contract {
  const known = c.events.some((e) => e.event === b.event)
  return { ...c, events: known ? c.events.map((e) => (e.event === b.event ? b : e)) : [...c.events, b] }
}

/** The contract without an event. */
export function withoutEvent(c: Contract, event: string): Contract {
  return { ...c, events: c.events.filter((e) => e.event !== event) }
}

/** What changes from one contract to another, a line for each thing; none when they mean the same. */
export function changesBetween(before: Contract, after: Contract): string[] {
  const lines: string[] = []
  if (before.unknown_events !== after.unknown_events)
    lines.push(`Unknown events: ${before.unknown_events} → ${after.unknown_events}`)
  const old = new Map(before.events.map((b) => [b.event, b]))
  for (const now of after.events) {
    const was = old.get(now.event)
    old.delete(now.event)
    if (was === undefined) {
      lines.push(`${now.event}: added, ${now.subject === '' ? 'no subject' : `subject ${now.subject}`}, ${now.mode}`)
      continue
    }
    const parts = [
      was.subject === now.subject ? '' : `subject ${was.subject || 'none'} → ${now.subject || 'none'}`,
      was.mode === now.mode ? '' : `${was.mode} → ${now.mode}`,
      was.unknown_properties === now.unknown_properties
        ? ''
        : `unknown properties ${was.unknown_properties} → ${now.unknown_properties}`,
    ].filter(Boolean)
    if (parts.length > 0) lines.push(`${now.event}: ${parts.join(', ')}`)
  }
  for (const gone of old.keys()) lines.push(`${gone}: removed`)
  return lines
}

/** What must be put right before a contract can be published; none when it can be. */
export function flawsOf(c: Contract): string[] {
  return c.events.filter((b) => b.mode !== 'off' && b.subject === '').map((b) => `${b.event} needs a subject.`)
}
