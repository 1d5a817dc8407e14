import { infiniteQueryOptions, queryOptions, skipToken, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'
import type { components } from './schema.gen'

export type Alert = components['schemas']['Alert']
export type NewAlert = components['schemas']['NewAlert']
export type AlertState = components['schemas']['AlertState']
export type AlertMeasure = components['schemas']['AlertMeasure']
export type AlertCondition = components['schemas']['AlertCondition']
export type AlertEvaluation = components['schemas']['AlertEvaluation']
export type AlertPreview = components['schemas']['AlertPreview']
export type Incident = components['schemas']['Incident']
export type IncidentEntry = components['schemas']['IncidentEntry']
export type Severity = components['schemas']['Severity']
export type Silence = components['schemas']['Silence']
export type NewSilence = components['schemas']['NewSilence']

const rulesKey = ['alerts', 'rules'] as const
const incidentsKey = ['alerts', 'incidents'] as const
const silencesKey = ['alerts', 'silences'] as const

/** Every rule, by name. */
export const rulesOptions = queryOptions({
  queryKey: rulesKey,
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/alerts', { signal }))).alerts,
  refetchInterval: 10_000,
})

export function ruleOptions(id: string) {
  return queryOptions({
    queryKey: [...rulesKey, id],
    queryFn: ({ signal }) => ask(api.GET('/v1/alerts/{alert_id}', { params: { path: { alert_id: id } }, signal })),
    refetchInterval: 10_000,
  })
}

/** The newest ticks of a rule. */
export function evaluationsOptions(id: string) {
  return queryOptions({
    queryKey: [...rulesKey, id, 'evaluations'],
    queryFn: async ({ signal }) =>
      (
        await ask(
          api.GET('/v1/alerts/{alert_id}/evaluations', {
            params: { path: { alert_id: id }, query: { limit: 50 } },
            signal,
          }),
        )
      ).evaluations,
    refetchInterval: 10_000,
  })
}

/** When a rule would have fired over the past days. Nothing is changed. */
export function previewOptions(rule: NewAlert | null, days: number) {
  return queryOptions({
    queryKey: ['alerts', 'preview', rule, days],
    queryFn:
      rule === null
        ? skipToken
        : ({ signal }) => ask(api.POST('/v1/alerts/preview', { params: { query: { days } }, body: rule, signal })),
    staleTime: 60_000,
    retry: false,
  })
}

/** Creates the rule, or changes the one with that ID. */
export function useSaveRule(id: string | null) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewAlert) =>
      id === null
        ? ask(api.POST('/v1/alerts', { body }))
        : ask(api.PUT('/v1/alerts/{alert_id}', { params: { path: { alert_id: id } }, body })),
    onSuccess: (rule) => {
      client.setQueryData(ruleOptions(rule.id).queryKey, rule)
      return client.invalidateQueries({ queryKey: rulesKey })
    },
  })
}

export function useSwitchRule(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (on: boolean) => {
      const params = { path: { alert_id: id } }
      return on
        ? ask(api.POST('/v1/alerts/{alert_id}/enable', { params }))
        : ask(api.POST('/v1/alerts/{alert_id}/disable', { params }))
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  })
}

export function useDeleteRule(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => ask(api.DELETE('/v1/alerts/{alert_id}', { params: { path: { alert_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  })
}

export interface IncidentsSpec {
  state?: Incident['state']
  alert?: string
}

/** Incidents, newest first. */
export function incidentsOptions(spec: IncidentsSpec = {}) {
  return infiniteQueryOptions({
    queryKey: [...incidentsKey, spec],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/incidents', {
          params: {
            query: {
              limit: 50,
              ...(spec.state ? { state: spec.state } : {}),
              ...(spec.alert ? { alert_id: spec.alert } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 5000,
  })
}

/** The incidents that were open at any moment of a period: what its charts are marked with. */
export function incidentsDuringOptions(period: { from: Date; to: Date } | null, event: string | null) {
  return queryOptions({
    queryKey: [...incidentsKey, 'during', period?.from.getTime(), period?.to.getTime(), event],
    queryFn: async ({ signal }) =>
      (
        await ask(
          api.GET('/v1/incidents', {
            params: {
              query: {
                limit: 100,
                from: period?.from.toISOString() ?? '',
                to: period?.to.toISOString() ?? '',
                ...(event === null ? {} : { event }),
              },
            },
            signal,
          }),
        )
      ).incidents,
    enabled: period !== null,
    staleTime: 30_000,
  })
}

export function incidentOptions(id: string) {
  return queryOptions({
    queryKey: [...incidentsKey, 'one', id],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/incidents/{incident_id}', { params: { path: { incident_id: id } }, signal })),
    refetchInterval: 5000,
  })
}

export const silencesOptions = queryOptions({
  queryKey: silencesKey,
  queryFn: async ({ signal }) =>
    (await ask(api.GET('/v1/silences', { params: { query: { limit: 100 } }, signal }))).silences,
  refetchInterval: 30_000,
})

/** Creates the silence, or changes the one with that ID. */
export function useSaveSilence(id: string | null) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewSilence) =>
      id === null
        ? ask(api.POST('/v1/silences', { body }))
        : ask(api.PUT('/v1/silences/{silence_id}', { params: { path: { silence_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  })
}

export function useDeleteSilence() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => ask(api.DELETE('/v1/silences/{silence_id}', { params: { path: { silence_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  })
}
