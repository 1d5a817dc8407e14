import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, ask } from './client'
import type { components } from './schema.gen'

export type Person = components['schemas']['Person']
export type PersonProfile = components['schemas']['PersonProfile']
export type PersonIdentity = components['schemas']['PersonIdentity']
export type PersonGroup = components['schemas']['PersonGroup']
export type PersonTrait = components['schemas']['PersonTrait']
export type TraitChange = components['schemas']['TraitChange']

/** Pages of people, who was seen last first; with an ID only the person whose it is. */
export function peopleOptions(id: string) {
  return infiniteQueryOptions({
    queryKey: ['people', id],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/people', {
          params: { query: { limit: 50, ...(id ? { id } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })
}

/** What a question about one person names: any of their IDs, and the moment to look at (null: now). */
function about(id: string, asOf: Date | null) {
  return { path: { id }, query: asOf === null ? {} : { as_of: asOf.toISOString() } }
}

export function personOptions(id: string, asOf: Date | null) {
  return queryOptions({
    queryKey: ['person', id, asOf?.getTime() ?? null],
    queryFn: ({ signal }) => ask(api.GET('/v1/people/{id}', { params: about(id, asOf), signal })),
    placeholderData: keepPreviousData,
  })
}

export function personHistoryOptions(id: string, asOf: Date | null) {
  return queryOptions({
    queryKey: ['person history', id, asOf?.getTime() ?? null],
    queryFn: async ({ signal }) =>
      (await ask(api.GET('/v1/people/{id}/history', { params: about(id, asOf), signal }))).changes,
  })
}

export function personEventsOptions(id: string, asOf: Date | null) {
  return infiniteQueryOptions({
    queryKey: ['person events', id, asOf?.getTime() ?? null],
    queryFn: ({ pageParam, signal }) => {
      const params = about(id, asOf)
      return ask(
        api.GET('/v1/people/{id}/events', {
          params: { ...params, query: { ...params.query, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      )
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })
}
