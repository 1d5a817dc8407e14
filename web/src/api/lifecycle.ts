import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { api, ask } from './client'
import { isApiError } from './errors'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type RetentionPreview = Schemas['RetentionPreview']
export type RetentionRuleCounts = Schemas['RetentionRuleCounts']
export type RetentionRun = Schemas['RetentionRun']
export type MinimisationReport = Schemas['MinimisationReport']
export type MinimisationEvent = Schemas['MinimisationEvent']
export type MinimisationProperty = Schemas['MinimisationProperty']
export type Offboarding = Schemas['Offboarding']

/** Counts what a retention policy would take today. Nothing is changed. */
export function usePreviewRetention() {
  return useMutation({
    mutationFn: (document: object) =>
      ask(api.POST('/v1/privacy/retention/preview', { body: { document: { ...document } } })),
  })
}

/** When the retention policy was applied, newest first. */
export const retentionRunsOptions = infiniteQueryOptions({
  queryKey: ['retention', 'runs'],
  queryFn: ({ pageParam, signal }) =>
    ask(
      api.GET('/v1/privacy/retention/runs', {
        params: { query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor,
  refetchInterval: 5000,
})

/** Applies the retention policy now. */
export function useRunRetention() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => ask(api.POST('/v1/privacy/retention/runs')),
    onSuccess: () => client.invalidateQueries({ queryKey: retentionRunsOptions.queryKey }),
  })
}

/** What is collected, and when it was last used. */
export function minimisationOptions(days: number, event: string | null) {
  return queryOptions({
    queryKey: ['minimisation', days, event],
    queryFn: ({ signal }) =>
      ask(
        api.GET('/v1/privacy/minimisation', {
          params: { query: { days, ...(event === null ? {} : { event }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
}

export const offboardingKey = ['offboarding'] as const

/** How far leaving is; null for an organization that stays. */
export const offboardingOptions = queryOptions({
  queryKey: offboardingKey,
  queryFn: async ({ signal }): Promise<Offboarding | null> => {
    try {
      return await ask(api.GET('/v1/tenant/offboarding', { signal }))
    } catch (error) {
      if (isApiError(error, 'not_leaving')) return null
      throw error
    }
  },
  refetchInterval: ({ state: { data } }) => (data?.ended_at === null ? 5000 : false),
})

export type Archive = Schemas['Archive']

/** How far the archive is. */
export const archiveOptions = queryOptions({
  queryKey: ['archive'],
  queryFn: ({ signal }) => ask(api.GET('/v1/archive', { signal })),
  refetchInterval: 10_000,
})

/** Says whether the archive is encrypted. */
export function saveArchive(encrypted: boolean): Promise<Archive> {
  return ask(api.PUT('/v1/archive', { body: { encrypted } }))
}
