import type { Catalog } from '../api/types'
import { fields } from './filter'

/** What is known about a property over all events, or over those of one name. */
export interface KnownProperty {
  name: string
  types: string[]
  examples: string[]
}

export function knownProperties(catalog: Catalog | undefined, event: string | null): KnownProperty[] {
  const found = new Map<string, KnownProperty>()
  for (const e of catalog?.events ?? []) {
    if (event !== null && e.event !== event) continue
    for (const p of e.properties) {
      const known = found.get(p.name) ?? { name: p.name, types: [], examples: [] }
      known.types = [...new Set([...known.types, ...p.types])]
      known.examples = [...new Set([...known.examples, ...p.examples])].slice(0, 20)
      found.set(p.name, known)
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name))
}

interface OptionGroup {
  group: string
  items: { value: string; label: string }[]
}

/** The choices for a property, in groups; `wanted` is kept among them even when no event has it. */
export function propertyOptions(
  known: readonly KnownProperty[],
  wanted: string | null,
  only?: (p: KnownProperty) => boolean,
): OptionGroup[] {
  const names = known.filter((p) => only?.(p) ?? true).map((p) => p.name)
  const has = (prefix: string) => names.filter((n) => n.startsWith(prefix))
  const listed = new Set([...names, ...fields])
  const option = (prefix: string) => (value: string) => ({ value, label: value.slice(prefix.length) })
  return [
    {
      group: 'Chosen',
      items: wanted !== null && wanted !== '' && !listed.has(wanted) ? [{ value: wanted, label: wanted }] : [],
    },
    { group: 'Properties', items: has('properties.').map(option('properties.')) },
    { group: 'Facts', items: has('facts.').map(option('facts.')) },
    { group: 'Context', items: has('context.').map(option('')) },
    { group: 'Fields', items: only === undefined ? fields.map(option('')) : [] },
  ].filter((g) => g.items.length > 0)
}
