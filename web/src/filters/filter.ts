import type { Event } from '../api/types'

/** The filters of the API: a condition, or a group of filters. */
export type Filter = Condition | { and: Filter[] } | { or: Filter[] } | { not: Filter }

export interface Condition {
  property: string
  operator: Operator
  value?: Value
}

export type Scalar = string | number | boolean
export type Value = Scalar | Scalar[]

export const operators = [
  'equals',
  'not_equals',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
  'in',
  'not_in',
  'greater',
  'greater_or_equal',
  'less',
  'less_or_equal',
  'is_set',
  'is_not_set',
] as const
export type Operator = (typeof operators)[number]

export const operatorNames: Record<Operator, string> = {
  equals: 'is',
  not_equals: 'is not',
  contains: 'contains',
  not_contains: 'does not contain',
  starts_with: 'starts with',
  ends_with: 'ends with',
  in: 'is one of',
  not_in: 'is none of',
  greater: '>',
  greater_or_equal: '≥',
  less: '<',
  less_or_equal: '≤',
  is_set: 'is set',
  is_not_set: 'is not set',
}

/** The fields that every event has besides its properties, context and facts. They are text. */
export const fields = [
  'event',
  'type',
  'user_id',
  'anonymous_id',
  'session_id',
  'source_id',
  'event_id',
  'correlation_id',
  'bot',
  'sdk_name',
  'sdk_version',
] as const

/** Lets through what was not taken for a bot's. */
export const withoutBots: Condition = { property: 'bot', operator: 'is_not_set' }

/** Whether a filter leaves out bots, whatever else it asks. */
export function leavesOutBots(filter: Filter | null): boolean {
  if (filter === null || 'or' in filter || 'not' in filter) return false
  if ('and' in filter) return filter.and.some(leavesOutBots)
  return filter.property === withoutBots.property && filter.operator === withoutBots.operator
}

export const takesNoValue = (o: Operator) => o === 'is_set' || o === 'is_not_set'
export const takesList = (o: Operator) => o === 'in' || o === 'not_in'
export const takesNumber = (o: Operator) =>
  o === 'greater' || o === 'greater_or_equal' || o === 'less' || o === 'less_or_equal'
const takesText = (o: Operator) => o === 'contains' || o === 'not_contains' || o === 'starts_with' || o === 'ends_with'

/** All of the filters together; null when there is none. */
export function allOf(filters: readonly (Filter | null | undefined)[]): Filter | null {
  const given = filters.filter((f) => f !== null && f !== undefined)
  if (given.length === 0) return null
  return given.length === 1 ? (given[0] ?? null) : { and: given }
}

/** The filters that must all hold: the members of an `and`, or the filter itself. */
export function parts(filter: Filter | null): Filter[] {
  if (filter === null) return []
  return 'and' in filter ? filter.and : [filter]
}

/** What was typed as a value, in the type that the property has. Text stays text where that is not certain. */
export function toScalar(text: string, operator: Operator, types: readonly string[]): Scalar {
  if (takesText(operator)) return text
  const number = Number(text)
  const isNumber = text.trim() !== '' && Number.isFinite(number)
  if (isNumber && (takesNumber(operator) || (types.includes('number') && !types.includes('string')))) return number
  if (types.includes('boolean') && !types.includes('string') && (text === 'true' || text === 'false'))
    return text === 'true'
  return text
}

/** Why a condition cannot be used yet, or null. */
export function fault(c: Condition): string | null {
  if (c.property === '') return 'Choose a property.'
  if (takesNoValue(c.operator)) return null
  if (takesList(c.operator)) return Array.isArray(c.value) && c.value.length > 0 ? null : 'Give at least one value.'
  if (takesNumber(c.operator)) return typeof c.value === 'number' ? null : 'Give a number.'
  return c.value === undefined || c.value === '' ? 'Give a value.' : null
}

/** In words: path is /, or (country is DE or country is AT). */
export function describe(filter: Filter): string {
  if ('and' in filter) return join(filter.and, 'and')
  if ('or' in filter) return join(filter.or, 'or')
  if ('not' in filter) return `not (${describe(filter.not)})`
  if (leavesOutBots(filter)) return 'without bots'
  return [
    propertyName(filter.property),
    operatorNames[filter.operator],
    ...(filter.value === undefined ? [] : [valueText(filter.value)]),
  ].join(' ')
}

function join(members: readonly Filter[], word: string): string {
  if (members.length === 0) return 'everything'
  return members.map((m) => ('and' in m || 'or' in m ? `(${describe(m)})` : describe(m))).join(` ${word} `)
}

export function valueText(value: Value): string {
  return Array.isArray(value) ? value.map(String).join(', ') : String(value)
}

/** properties.path -> path, facts.country -> country; everything else keeps its full name. */
export function propertyName(property: string): string {
  return property.replace(/^(properties|facts)\./, '')
}

/** Reads a filter out of the URL: null for what is not one. */
export function parseFilter(text: string | null): Filter | null {
  if (text === null || text === '') return null
  try {
    const value: unknown = JSON.parse(text)
    return isFilter(value, 0) ? value : null
  } catch {
    return null
  }
}

function isFilter(value: unknown, depth: number): value is Filter {
  if (typeof value !== 'object' || value === null || depth > 10) return false
  const f = value as Record<string, unknown>
  if ('and' in f) return Array.isArray(f.and) && f.and.every((m) => isFilter(m, depth + 1))
  if ('or' in f) return Array.isArray(f.or) && f.or.every((m) => isFilter(m, depth + 1))
  if ('not' in f) return isFilter(f.not, depth + 1)
  return typeof f.property === 'string' && operators.includes(f.operator as Operator) && isValue(f.value)
}

function isValue(value: unknown): boolean {
  const isScalar = (v: unknown) => typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean'
  return value === undefined || isScalar(value) || (Array.isArray(value) && value.every(isScalar))
}

/**
 * Whether an event passes. The rules are those of the API's queries, which do the same for stored events: text compares with
 * text exactly, numbers with numbers; the negative operators match what their opposite does not, missing values included.
 */
export function matches(filter: Filter, event: Event): boolean {
  if ('and' in filter) return filter.and.every((m) => matches(m, event))
  if ('or' in filter) return filter.or.length === 0 || filter.or.some((m) => matches(m, event))
  if ('not' in filter) return !matches(filter.not, event)
  const found = lookUp(event, filter.property)
  switch (filter.operator) {
    case 'not_equals':
      return !holds('equals', found, filter.value)
    case 'not_contains':
      return !holds('contains', found, filter.value)
    case 'not_in':
      return !holds('in', found, filter.value)
    case 'is_not_set':
      return found === undefined
    default:
      return holds(filter.operator, found, filter.value)
  }
}

function holds(operator: Operator, found: unknown, value: Value | undefined): boolean {
  if (found === undefined) return false
  if (operator === 'is_set') return true
  if (operator === 'in') return Array.isArray(value) && value.some((v) => holds('equals', found, v))
  if (value === undefined || Array.isArray(value)) return false
  if (operator === 'equals') return typeof value === 'string' ? textOf(found) === value : found === value
  if (takesNumber(operator))
    return typeof found === 'number' && typeof value === 'number' && inOrder(operator, found, value)
  const [text, part] = [textOf(found).toLowerCase(), String(value).toLowerCase()]
  if (operator === 'contains') return text.includes(part)
  return operator === 'starts_with' ? text.startsWith(part) : text.endsWith(part)
}

function inOrder(operator: Operator, a: number, b: number): boolean {
  switch (operator) {
    case 'greater':
      return a > b
    case 'greater_or_equal':
      return a >= b
    case 'less':
      return a < b
    default:
      return a <= b
  }
}

function textOf(found: unknown): string {
  return typeof found === 'string' ? found : JSON.stringify(found)
}

/** What an event has at a property; undefined when missing, null, or a field that was not sent. */
export function lookUp(event: Event, property: string): unknown {
  if ((fields as readonly string[]).includes(property)) {
    const value = event[property as (typeof fields)[number]]
    return value === '' ? undefined : value
  }
  const [column, ...keys] = splitPath(property)
  let at: unknown = column === 'properties' || column === 'context' || column === 'facts' ? event[column] : undefined
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at ?? undefined
}

/** Cuts at dots; a dot that belongs to a key is written \. and a backslash \\. */
function splitPath(path: string): string[] {
  const keys: string[] = []
  let key = ''
  for (let i = 0; i < path.length; i++) {
    const c = path.charAt(i)
    if (c === '.') {
      keys.push(key)
      key = ''
    } else {
      key += c === '\\' ? path.charAt(++i) : c
    }
  }
  return [...keys, key]
}
