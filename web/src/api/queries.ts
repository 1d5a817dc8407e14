import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Filter } from '../filters/filter'
import { resolve, type Range } from '../time/range'
import { api, ask } from './client'

/** The events and properties ever seen. */
export const catalogOptions = queryOptions({
  queryKey: ['catalog'],
  queryFn: ({ signal }) => ask(api.GET('/v1/catalog', { signal })),
  staleTime: 30_000,
})

/** When the newest event happened; null when there is none. */
export const newestOptions = queryOptions({
  queryKey: ['newest'],
  queryFn: async ({ signal }) =>
    (await ask(api.POST('/v1/query/events', { body: { limit: 1 }, signal }))).events[0]?.time ?? null,
  staleTime: 30_000,
})

export const sourcesOptions = queryOptions({
  queryKey: ['sources'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/sources', { signal }))).sources,
  staleTime: 30_000,
})

export const keysOptions = queryOptions({
  queryKey: ['keys'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/keys', { signal }))).keys,
})

export const membersOptions = queryOptions({
  queryKey: ['members'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/members', { signal }))).members,
})

export const invitationsOptions = queryOptions({
  queryKey: ['invitations'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/invitations', { signal }))).invitations,
})

export function eventOptions(id: string) {
  return queryOptions({
    queryKey: ['event', id],
    queryFn: ({ signal }) => ask(api.GET('/v1/events/{event}', { params: { path: { event: id } }, signal })),
    staleTime: 60_000,
  })
}

/** A receipt; asked again every second while it is pending, until it is settled. */
export function receiptOptions(id: string) {
  return queryOptions({
    queryKey: ['receipt', id],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/receipts/{receipt_id}', { params: { path: { receipt_id: id } }, signal })),
    refetchInterval: (query) => (query.state.data?.status === 'pending' ? 1000 : false),
  })
}

export interface EventsSpec {
  range: Range
  zone: string
  event?: string | null
  filter?: Filter | null
}

/** Pages of stored events, newest first. The range is taken as it is when the first page is asked for. */
export function eventsOptions(tenant: string, spec: EventsSpec) {
  return infiniteQueryOptions({
    queryKey: ['events', tenant, spec],
    queryFn: ({ pageParam, signal }) => {
      const { from, to } = resolve(spec.range, spec.zone, new Date(pageParam.now))
      return ask(
        api.POST('/v1/query/events', {
          body: {
            from: from.toISOString(),
            to: to.toISOString(),
            limit: 50,
            ...(spec.event ? { event: spec.event } : {}),
            ...(spec.filter ? { filters: spec.filter } : {}),
            ...(pageParam.cursor ? { cursor: pageParam.cursor } : {}),
          },
          signal,
        }),
      )
    },
    initialPageParam: { cursor: null as string | null, now: Date.now() },
    getNextPageParam: (last, _, param) => (last.next_cursor ? { ...param, cursor: last.next_cursor } : undefined),
  })
}

/** The ledger of a range. What was being written while it was read does not count as an imbalance: such an hour is read twice. */
export function ledgerOptions(range: Range, zone: string) {
  return queryOptions({
    queryKey: ['ledger', range, zone],
    queryFn: async ({ signal }) => {
      const { from, to } = resolve(range, zone, new Date())
      const query = { from: from.toISOString(), to: to.toISOString() }
      const read = () => ask(api.GET('/v1/ledger', { params: { query }, signal }))
      const first = await read()
      if (first.hours.every((h) => h.balanced)) return first
      const second = await read()
      const was = new Map(first.hours.map((h) => [h.hour, h.balanced]))
      return {
        ...second,
        hours: second.hours.map((h) => ({ ...h, balanced: h.balanced || was.get(h.hour) !== false })),
      }
    },
    refetchInterval: 10_000,
  })
}

export const auditOptions = infiniteQueryOptions({
  queryKey: ['audit'],
  queryFn: ({ pageParam, signal }) =>
    ask(
      api.GET('/v1/audit', { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } }, signal }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor,
})
