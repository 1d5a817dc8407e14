import { parseFilter, type Filter } from '../filters/filter'
import { isDay, isZone, presets, type Compare, type Preset, type Range } from '../time/range'

/**
 * What is being looked at: the part of the URL that travels from page to page and that a shared link carries.
 * What is not said is null, and each page has its own good default for it.
 */
export interface View {
  range: Range | null
  compare: Compare
  /** IANA name; null is the organization's. */
  zone: string | null
  /** Source ID; null is every source. */
  source: string | null
  filter: Filter | null
}

const viewParams = ['range', 'from', 'to', 'compare', 'tz', 'source', 'filters'] as const

export function parseView(params: URLSearchParams): View {
  const compare = params.get('compare')
  const zone = params.get('tz')
  return {
    range: parseRange(params),
    compare: compare === 'none' || compare === 'previous_year' ? compare : 'previous_period',
    zone: zone !== null && isZone(zone) ? zone : null,
    source: params.get('source'),
    filter: parseFilter(params.get('filters')),
  }
}

function parseRange(params: URLSearchParams): Range | null {
  const preset = params.get('range')
  if (preset !== null && (presets as readonly string[]).includes(preset))
    return { kind: 'preset', preset: preset as Preset }
  const [from, to] = [params.get('from'), params.get('to')]
  if (from === null || to === null) return null
  if (isDay(from) && isDay(to)) return from <= to ? { kind: 'days', from, to } : null
  const [start, end] = [Date.parse(from), Date.parse(to)]
  if (!(start < end)) return null
  return { kind: 'instants', from: new Date(start).toISOString(), to: new Date(end).toISOString() }
}

/** Writes the changed parts of a view over those in the URL; the other parameters stay. */
export function writeView(params: URLSearchParams, change: Partial<View>): URLSearchParams {
  const next = new URLSearchParams(params)
  const set = (name: string, value: string | null) => (value === null ? next.delete(name) : next.set(name, value))
  if (change.range !== undefined) {
    const range = change.range
    set('range', range?.kind === 'preset' ? range.preset : null)
    set('from', range === null || range.kind === 'preset' ? null : range.from)
    set('to', range === null || range.kind === 'preset' ? null : range.to)
  }
  if (change.compare !== undefined) set('compare', change.compare === 'previous_period' ? null : change.compare)
  if (change.zone !== undefined) set('tz', change.zone)
  if (change.source !== undefined) set('source', change.source)
  if (change.filter !== undefined) set('filters', change.filter === null ? null : JSON.stringify(change.filter))
  return next
}

/** The part of the URL that goes along to another page, with its question mark; "" when there is none. */
export function travelling(params: URLSearchParams): string {
  const kept = new URLSearchParams()
  for (const name of viewParams) {
    const value = params.get(name)
    if (value !== null) kept.set(name, value)
  }
  return kept.size === 0 ? '' : `?${kept.toString()}`
}

/** One condition or group for the source and the filters together. */
export function sourceFilter(source: string | null): Filter | null {
  return source === null ? null : { property: 'source_id', operator: 'equals', value: source }
}
