import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { resolve, type Range } from '../time/range'
import { api, ask } from './client'
import type { components } from './schema.gen'

export type Quality = components['schemas']['Quality']
export type QualityCheck = components['schemas']['QualityCheck']
export type QualityKind = components['schemas']['QualityKind']
export type QualityResult = components['schemas']['QualityResult']
export type QualityStanding = components['schemas']['QualityStanding']
export type QualityVerdict = components['schemas']['QualityVerdict']
export type NewQualityCheck = components['schemas']['NewQualityCheck']

/** Every check with what it found last. Asked again by itself: a new check is made within half a minute. */
export const qualityOptions = queryOptions({
  queryKey: ['quality'],
  queryFn: ({ signal }) => ask(api.GET('/v1/quality', { signal })),
  refetchInterval: 10_000,
})

/** What a check found within a range, the oldest first. */
export function qualityResultsOptions(id: string, range: Range, zone: string) {
  return queryOptions({
    queryKey: ['quality', id, range, zone],
    queryFn: async ({ signal }) => {
      const { from, to } = resolve(range, zone, new Date())
      // The range ends now, or with a day; a result of this very second belongs to it.
      const query = { from: from.toISOString(), to: new Date(to.getTime() + 1000).toISOString() }
      return (
        await ask(
          api.GET('/v1/quality/checks/{check_id}/results', { params: { path: { check_id: id }, query }, signal }),
        )
      ).results
    },
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  })
}

export function saveCheck(id: string | null, body: NewQualityCheck): Promise<QualityCheck> {
  return id === null
    ? ask(api.POST('/v1/quality/checks', { body }))
    : ask(api.PUT('/v1/quality/checks/{check_id}', { params: { path: { check_id: id } }, body }))
}

export function removeCheck(id: string) {
  return ask(api.DELETE('/v1/quality/checks/{check_id}', { params: { path: { check_id: id } } }))
}
