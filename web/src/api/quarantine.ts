import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { resolve, type Period, type Range } from '../time/range'
import { api, ask } from './client'
import { isApiError } from './errors'
import type { components } from './schema.gen'

export type CauseDetails = components['schemas']['CauseDetails']
export type CauseSender = components['schemas']['CauseSender']

/** Nothing is kept for longer, so this is everything that there is. */
const everythingMs = 366 * 24 * 3_600_000 - 60_000

const since = (ms: number) => new Date(Date.now() - ms).toISOString()

/** The causes of what is, or with open false also of what was, in quarantine; however long ago it was received. */
export function causesOptions(open: boolean) {
  return queryOptions({
    queryKey: ['causes', open],
    queryFn: async ({ signal }) =>
      (await ask(api.GET('/v1/quarantine/causes', { params: { query: { from: since(everythingMs), open } }, signal })))
        .causes,
    refetchInterval: 10_000,
  })
}

/** One cause over the whole time that events are kept. */
export function causeOptions(id: string) {
  return queryOptions({
    queryKey: ['cause', id],
    queryFn: ({ signal }) =>
      ask(
        api.GET('/v1/quarantine/causes/{cause_id}', {
          params: { path: { cause_id: id }, query: { from: since(everythingMs) } },
          signal,
        }),
      ),
    refetchInterval: 10_000,
  })
}

/** Events by when they were received; times without any are left out. */
export interface CauseTrend {
  interval: 'hour' | 'day'
  period: Period
  counts: CauseDetails['trend']
}

/** When events of a cause were received, within a range. */
export function causeTrendOptions(id: string, range: Range, zone: string) {
  return queryOptions({
    queryKey: ['cause', id, 'trend', range, zone],
    queryFn: async ({ signal }): Promise<CauseTrend> => {
      const period = resolve(range, zone, new Date())
      const query = { from: period.from.toISOString(), to: period.to.toISOString() }
      try {
        const { trend, interval } = await ask(
          api.GET('/v1/quarantine/causes/{cause_id}', { params: { path: { cause_id: id }, query }, signal }),
        )
        return { interval, period, counts: trend }
      } catch (error) {
        if (!isApiError(error, 'cause_not_found')) throw error
        return { interval: 'day', period, counts: [] } // none was received in that time
      }
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
}

/** Single events in quarantine, newest first; of one cause, or of all. */
export function quarantinedOptions(cause: string | null) {
  return infiniteQueryOptions({
    queryKey: ['quarantined', cause],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/quarantine', {
          params: { query: { limit: 50, ...(cause ? { cause } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })
}

/** Which version of which subject a schema ID stands for; null when it was removed. */
export function schemaVersionOptions(id: number) {
  return queryOptions({
    queryKey: ['registry', 'id', id],
    queryFn: async ({ signal }): Promise<{ subject: string; version: number } | null> => {
      const response = await fetch(`/v1/schema-registry/schemas/ids/${id}/versions`, {
        credentials: 'same-origin',
        signal,
      })
      if (!response.ok) return null
      const found = (await response.json()) as { subject: string; version: number }[]
      return found[0] ?? null
    },
    enabled: id > 0,
    staleTime: 300_000,
  })
}
