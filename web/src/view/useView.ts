import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { useLocation, useSearchParams } from 'react-router'
import { catalogOptions, newestOptions } from '../api/queries'
import type { Catalog, CatalogEvent } from '../api/types'
import { useMe } from '../app/session'
import { allOf, type Filter } from '../filters/filter'
import { defaultRange, isOld, type DefaultRange, type Seen } from './defaultRange'
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
    () => ({
      ...view,
      tz: view.zone ?? tenant.timezone,
      query: allOf([sourceFilter(view.source), view.filter]),
      change,
    }),
    [view, tenant.timezone, change],
  )
}

/** A link to another page that takes the view along. */
export function useTravel(): (path: string) => string {
  const { search } = useLocation()
  return useCallback((path) => path + travelling(new URLSearchParams(search)), [search])
}

/** When the first and the newest event happened: null when there is none, undefined while it is not known. */
export function useSeen(): Seen | null | undefined {
  const { data } = useQuery(catalogOptions)
  return useMemo(() => data && seenIn(data), [data])
}

export interface ShownRange extends DefaultRange {
  /** Whether there is no event at all, as far as is known. */
  noEvents: boolean
  error: Error | null
  retry: () => void
}

/** The range to show: the chosen one, or else a good default. */
export function useShownRange(): ShownRange {
  const { range, tz } = useView()
  const { tenant } = useMe()
  const newest = useQuery({ ...newestOptions, enabled: range === null })
  const last = typeof newest.data === 'string' ? new Date(newest.data) : newest.data
  const now = new Date(newest.dataUpdatedAt)
  // The whole catalog takes longer, and is only needed where all events are old.
  const old = last ? isOld(last, now) : false
  const catalog = useQuery({ ...catalogOptions, enabled: range === null && old })
  const seen = useMemo(() => catalog.data && seenIn(catalog.data), [catalog.data])

  const retry = () => void Promise.all([newest.refetch(), old && catalog.refetch()])
  const settled = { noEvents: last === null, error: null, retry }
  if (range !== null) return { range, because: 'chosen', ...settled }
  if (last === undefined || (old && seen === undefined))
    return { range: null, because: 'default', ...settled, error: newest.error ?? catalog.error }
  return {
    ...defaultRange(old && seen ? seen : last && { first: new Date(tenant.created_at), last }, tz, now),
    ...settled,
  }
}

function seenIn(catalog: Catalog): Seen | null {
  if (catalog.events.length === 0) return null
  const times = (pick: (e: CatalogEvent) => string) => catalog.events.map((e) => Date.parse(pick(e)))
  return {
    first: new Date(Math.min(...times((e) => e.first_seen))),
    last: new Date(Math.max(...times((e) => e.last_seen))),
  }
}
