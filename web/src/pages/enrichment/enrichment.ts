import type { PolicyForm } from '../../policy/form'
import { steps, type StepName } from './steps'

/** The document of a policy of kind `enrichment`. */
export interface Enrichment {
  steps: readonly StepName[]
  session: { timeout_minutes: number }
  /** What is declared for each source, by its ID. */
  sources: Readonly<Record<string, Service>>
}

/** Which part of a system a source is. What is left out is not known. */
export interface Service {
  service?: string
  stage?: string
  version?: string
  host?: string
}

export const serviceFields = ['service', 'stage', 'version', 'host'] as const

export const enrichment: PolicyForm<Enrichment> = {
  kind: 'enrichment',
  read: (policy) => {
    const d = policy.document as Partial<Enrichment>
    return {
      steps: d.steps ?? steps.map((s) => s.name),
      session: { timeout_minutes: d.session?.timeout_minutes ?? 30 },
      sources: d.sources ?? {},
    }
  },
  changes,
}

/** The policy with a step on or off. Steps keep their order, which is that in which they are done. */
export function withStep(d: Enrichment, name: StepName, on: boolean): Enrichment {
  return { ...d, steps: steps.map((s) => s.name).filter((s) => (s === name ? on : d.steps.includes(s))) }
}

/** The policy with one thing said of a source; an empty text says nothing. */
export function withService(d: Enrichment, source: string, field: keyof Service, text: string): Enrichment {
  const said: Service = {}
  for (const f of serviceFields) {
    const now = f === field ? text : (d.sources[source]?.[f] ?? '')
    if (now !== '') said[f] = now
  }
  const others = Object.entries(d.sources).filter(([id]) => id !== source)
  return { ...d, sources: Object.fromEntries(Object.keys(said).length === 0 ? others : [...others, [source, said]]) }
}

function changes(before: Enrichment, after: Enrichment): string[] {
  const lines: string[] = []
  for (const { name, title } of steps) {
    const was = before.steps.includes(name)
    if (was !== after.steps.includes(name)) lines.push(`${title}: switched ${was ? 'off' : 'on'}`)
  }
  const [was, now] = [before.session.timeout_minutes, after.session.timeout_minutes]
  if (was !== now) lines.push(`A session ends after ${now} minutes without an event, instead of ${was}`)
  for (const id of new Set([...Object.keys(before.sources), ...Object.keys(after.sources)])) {
    for (const field of serviceFields) {
      const old = before.sources[id]?.[field] ?? ''
      const next = after.sources[id]?.[field] ?? ''
      if (old !== next) lines.push(`Source ${id.slice(-12)}: ${field} ${old || 'nothing'} → ${next || 'nothing'}`)
    }
  }
  return lines
}
