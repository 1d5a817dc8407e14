import type { MappingStep } from '../../api/replays'
import type { Cause, QuarantinedEvent } from '../../api/types'

/** The values of the examples by their paths: `properties.items[*].price`. */
export type Found = ReadonlyMap<string, readonly unknown[]>

const maxDepth = 8

/** Every path of the examples that can be changed, with what stands there. */
export function pathsOf(examples: readonly Pick<QuarantinedEvent, 'payload'>[]): Found {
  const found = new Map<string, unknown[]>()
  const walk = (value: unknown, path: string, depth: number) => {
    if (path !== '') found.set(path, [...(found.get(path) ?? []), value])
    if (depth > maxDepth || typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) for (const v of value) walk(v, `${path}[*]`, depth + 1)
    else for (const [k, v] of Object.entries(value)) walk(v, path === '' ? key(k) : `${path}.${key(k)}`, depth + 1)
  }
  for (const e of examples) {
    try {
      walk(JSON.parse(e.payload), '', 0)
    } catch {
      // Text that could not be read has no paths.
    }
  }
  for (const kept of ['event_id', 'messageId']) found.delete(kept)
  return found
}

/** A key as it stands in a path. */
const key = (k: string) => (/^[^.[\]"]+$/.test(k) ? k : JSON.stringify(k))

const parent = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('.')))
const last = (path: string) => path.slice(path.lastIndexOf('.') + 1)

/** What the events of this name usually have and are called. */
export interface Known {
  events: readonly string[]
  /** Paths of properties of stored events of this name. */
  properties: readonly string[]
}

/** Steps that would probably put a cause right, the likeliest first; three at most. */
export function suggest(
  cause: Pick<Cause, 'code' | 'event' | 'path' | 'message'>,
  found: Found,
  known: Known,
): MappingStep[] {
  const path = cause.path.replaceAll(/\[\d+\]/g, '[*]')
  switch (cause.code) {
    case 'unknown_event':
      return known.events
        .filter((e) => e !== cause.event && distance(e.toLowerCase(), cause.event.toLowerCase()) <= 3)
        .sort((a, b) => distance(a, cause.event) - distance(b, cause.event))
        .slice(0, 3)
        .map((value) => ({ op: 'set_event', value }))
    case 'unknown_property':
      return path === '' ? [] : [...renames(path, found, known), { op: 'drop', path }]
    case 'unknown_field':
      return path === '' ? [] : [{ op: 'drop', path }]
    default:
      return path === ''
        ? []
        : conversions(cause.message, path, found).concat(missing(cause.message, path, found, known))
  }
}

/** An unknown property that resembles a known one which is missing. */
function renames(path: string, found: Found, known: Known): MappingStep[] {
  return known.properties
    .filter((p) => parent(p) === parent(path) && !found.has(p) && distance(last(p), last(path)) <= 3)
    .slice(0, 2)
    .map((to) => ({ op: 'rename', from: path, to }))
}

const types: readonly (readonly [RegExp, NonNullable<MappingStep['to_type']>, (v: unknown) => boolean])[] = [
  [/must be (a whole number|an integer)/, 'integer', (v) => typeof v === 'string' || typeof v === 'number'],
  [/must be a number/, 'number', (v) => typeof v === 'string'],
  [/must be a text|must be a string/, 'string', (v) => typeof v === 'number' || typeof v === 'boolean'],
  [/must be (a boolean|true or false)/, 'boolean', (v) => typeof v === 'string' || typeof v === 'number'],
  [/must be (a time|a date)|format date-time/, 'date_time', (v) => typeof v === 'string' || typeof v === 'number'],
]

function conversions(message: string, path: string, found: Found): MappingStep[] {
  const type = types.find(([says]) => says.test(message))
  const values = found.get(path) ?? []
  return type && values.some(type[2]) ? [{ op: 'convert', path, to_type: type[1] }] : []
}

/** Something is not there: a neighbour that stored events do not have may be it under another name. */
function missing(message: string, path: string, found: Found, known: Known): MappingStep[] {
  const numeric = message.includes('number')
  const siblings = [...found.keys()].filter(
    (p) => p !== path && parent(p) === parent(path) && !p.endsWith(']') && !known.properties.includes(p),
  )
  const fits = (p: string) => !numeric || (found.get(p) ?? []).some((v) => Number.isFinite(Number(v)) && v !== '')
  return siblings
    .filter(fits)
    .sort((a, b) => distance(last(a), last(path)) - distance(last(b), last(path)))
    .slice(0, 2)
    .map((from) => ({ op: 'rename', from, to: path }))
}

/** How many letters must be changed, added or left out to make b of a. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
