import type { Policy } from '../../api/types'
import type { PolicyForm } from '../../policy/form'
import type { Rule } from './rule'
import { actionWords } from './words'

/** The document of a policy of kind `redaction`. The first rule that matches a value has it. */
export interface Rules {
  rules: readonly Rule[]
}

export const redaction: PolicyForm<Rules> = {
  kind: 'redaction',
  read: (policy) => ({ rules: (policy.document as Partial<Rules>).rules ?? [] }),
  changes,
}

/** The rules with one in another place; at is counted from 0. */
export function moved(d: Rules, name: string, at: number): Rules {
  const rule = d.rules.find((r) => r.name === name)
  if (rule === undefined) return d
  const rules = d.rules.filter((r) => r.name !== name)
  rules.splice(at, 0, rule)
  return { rules }
}

/** The rules with one in place of the one of that name, or behind the others when it is new (null). */
export function withRule(d: Rules, name: string | null, rule: Rule): Rules {
  return { rules: name === null ? [...d.rules, rule] : d.rules.map((r) => (r.name === name ? rule : r)) }
}

export function withoutRule(d: Rules, name: string): Rules {
  return { rules: d.rules.filter((r) => r.name !== name) }
}

/**
 * The rules that other versions have and these have not, each as the newest of them has it, with the place that it had there.
 * Versions come newest first.
 */
export function switchedOff(d: Rules, versions: readonly Pick<Policy, 'document'>[]): { rule: Rule; at: number }[] {
  const known = new Set(d.rules.map((r) => r.name))
  const off: { rule: Rule; at: number }[] = []
  for (const v of versions) {
    for (const [at, rule] of redaction.read(v).rules.entries()) {
      if (known.has(rule.name)) continue
      known.add(rule.name)
      off.push({ rule, at })
    }
  }
  return off
}

/** A name that no rule has yet, made of what the rule is about. */
export function freeName(d: Rules, about: string): string {
  const slug = about
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 48)
  const taken = new Set(d.rules.map((r) => r.name))
  const stem = slug === '' ? 'rule' : slug
  for (let i = 1; ; i++) {
    const name = i === 1 ? stem : `${stem}-${i}`
    if (!taken.has(name)) return name
  }
}

/** Which rule, counted from 0, the server's message about a policy is about, and the message without saying so. */
export function flawOf(message: string): { at: number; text: string } | null {
  const found = /^rules\[(\d+)\]( \([^)]*\):| )\s*/.exec(message)
  if (found === null) return null
  const text = message.slice(found[0].length)
  return { at: Number(found[1]), text: text.charAt(0).toUpperCase() + text.slice(1) }
}

function changes(before: Rules, after: Rules): string[] {
  const lines: string[] = []
  const old = new Map(before.rules.map((r) => [r.name, r]))
  for (const [i, rule] of after.rules.entries()) {
    const was = old.get(rule.name)
    if (was === undefined) {
      lines.push(`${rule.name}: added as rule ${i + 1}, ${actionWords(rule)}`)
      continue
    }
    if (pattern(was) !== pattern(rule))
      lines.push(`${rule.name}: looks for ${pattern(rule)} instead of ${pattern(was)}`)
    if (actionWords(was) !== actionWords(rule)) lines.push(`${rule.name}: ${actionWords(was)} → ${actionWords(rule)}`)
  }
  const now = new Set(after.rules.map((r) => r.name))
  for (const r of before.rules) if (!now.has(r.name)) lines.push(`${r.name}: switched off`)
  const common = (a: Rules, b: Rules) => a.rules.map((r) => r.name).filter((n) => b.rules.some((r) => r.name === n))
  const order = common(after, before)
  if (order.join() !== common(before, after).join()) lines.push(`The order: ${order.join(', ')}`)
  return lines
}

const shown = 40

function pattern(r: Rule): string {
  const text = r.detector ?? r.key ?? r.path ?? ''
  return text.length > shown ? `${text.slice(0, shown)}…` : text
}
