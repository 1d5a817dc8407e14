import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { useLocation, useSearchParams } from 'react-router'
import { catalogOptions } from '../api/queries'
import type { Catalog } from '../api/types'
import { useMe } from '../app/session'
import { allOf, type Filter } from '../filters/filter'
import { rangeOfEvents, type Range } from '../time/range'
import { parseView, sourceFilter, travelling, writeView, type View } from './view'

export interface CurrentView extends View {
  /** The zone that times are told in: the view's, or else the organization's. */
  tz: string
  /** The filters and the source together, as the API takes them. */
  query: Filter | null
  change: (change: Partial<View>) => void
}

/** The view that the URL tells, and how to change it. */
export function useView(): CurrentView {
  const { tenant } = useMe()
  const [params, setParams] = useSearchParams()
  const view = useMemo(() => parseView(params), [params])
  const change = useCallback((c: Partial<View>) => setParams((now) => writeView(now, c)), [setParams])
  return useMemo(
    () => ({ ...view, tz: view.zone ?? tenant.timezone, query: allOf([sourceFilter(view.source), view.filter]), change }),
    [view, tenant.timezone, change],
  )
}

/** A link to another page that takes the view along. */
export function useTravel(): (path: string) => string {
  const { search } = useLocation()
  return useCallback((path) => path + travelling(new URLSearchParams(search)), [search])
}

const week: Range = { kind: 'preset', preset: '7d' }
const day: Range = { kind: 'preset', preset: '24h' }

export interface ShownRange {
  /** Null until it is known which range is best. */
  range: Range | null
  /** Why it is not the last 7 days, where nobody has chosen it. */
  because: 'chosen' | 'default' | 'first-day' | 'newest-events'
  /** When the first and the newest event happened; null when there is none. */
  seen: { first: Date; last: Date } | null
}

/**
 * The range to show. Where none is chosen it is the last 7 days; the last 24 hours, when the first event is no older; and when
 * nothing happened in the last 7 days, the time of the newest events.
 */
export function useShownRange(): ShownRange & { error: Error | null; retry: () => void } {
  const { range, tz } = useView()
  const catalog = useQuery(catalogOptions)
  const seen = useMemo(() => (catalog.data ? seenIn(catalog.data) : null), [catalog.data])
  const retry = () => void catalog.refetch()
  if (range !== null) return { range, because: 'chosen', seen, error: null, retry }
  if (catalog.data === undefined) return { range: null, because: 'default', seen, error: catalog.error, retry }
  return { ...defaultRange(seen, tz, new Date(catalog.dataUpdatedAt)), seen, error: null, retry }
}

export function defaultRange(seen: ShownRange['seen'], zone: string, now: Date): Pick<ShownRange, 'range' | 'because'> {
  const ago = (d: Date) => now.getTime() - d.getTime()
  const dayMs = 86_400_000
  if (seen === null) return { range: week, because: 'default' }
  if (ago(seen.last) > 7 * dayMs) return { range: rangeOfEvents(seen.first, seen.last, zone), because: 'newest-events' }
  if (ago(seen.first) < dayMs) return { range: day, because: 'first-day' }
  return { range: week, because: 'default' }
}

function seenIn(catalog: Catalog): ShownRange['seen'] {
  if (catalog.events.length === 0) return null
  const times = (pick: (e: Catalog['events'][number]) => string) => catalog.events.map((e) => Date.parse(pick(e)))
  return { first: new Date(Math.min(...times((e) => e.first_seen))), last: new Date(Math.max(...times((e) => e.last_seen))) }
}
