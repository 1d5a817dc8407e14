import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { incidentOptions } from './alerts'
import { api, ask } from './client'
import type { components } from './schema.gen'

export type Channel = components['schemas']['Channel']
export type NewChannel = components['schemas']['NewChannel']
export type CreatedChannel = components['schemas']['CreatedChannel']
export type Escalation = components['schemas']['Escalation']
export type NewEscalation = components['schemas']['NewEscalation']
export type EscalationTarget = components['schemas']['EscalationTarget']
export type EscalationProgress = components['schemas']['EscalationProgress']
export type Rotation = components['schemas']['Rotation']
export type NewRotation = components['schemas']['NewRotation']
export type Delivery = components['schemas']['Delivery']

const key = ['notify'] as const

export const channelsOptions = queryOptions({
  queryKey: [...key, 'channels'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/channels', { signal }))).channels,
  staleTime: 10_000,
})

export const escalationsOptions = queryOptions({
  queryKey: [...key, 'escalations'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/escalations', { signal }))).escalations,
  staleTime: 10_000,
})

export const rotationsOptions = queryOptions({
  queryKey: [...key, 'rotations'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/rotations', { signal }))).rotations,
  staleTime: 10_000,
})

export interface DeliveriesSpec {
  incident?: string
  channel?: string
  state?: Delivery['state']
}

/** The delivery log, newest first. */
export function deliveriesOptions(spec: DeliveriesSpec = {}) {
  return infiniteQueryOptions({
    queryKey: [...key, 'deliveries', spec],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/deliveries', {
          params: {
            query: {
              limit: 50,
              ...(spec.incident ? { incident_id: spec.incident } : {}),
              ...(spec.channel ? { channel_id: spec.channel } : {}),
              ...(spec.state ? { state: spec.state } : {}),
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

/** How far an incident has escalated. */
export function progressOptions(incident: string) {
  return queryOptions({
    queryKey: [...key, 'progress', incident],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/incidents/{incident_id}/escalation', { params: { path: { incident_id: incident } }, signal })),
    refetchInterval: 5000,
  })
}

export type IncidentAct = { act: 'acknowledge' } | { act: 'resolve' } | { act: 'snooze'; hours: number }

/** Says that one looks after an incident, does so later, or that it is over. */
export function useActOnIncident(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (it: IncidentAct): Promise<void> => {
      const params = { path: { incident_id: id } }
      switch (it.act) {
        case 'acknowledge':
          await ask(api.POST('/v1/incidents/{incident_id}/acknowledge', { params }))
          return
        case 'resolve':
          await ask(api.POST('/v1/incidents/{incident_id}/resolve', { params }))
          return
        case 'snooze':
          await ask(
            api.POST('/v1/incidents/{incident_id}/snooze', {
              params,
              body: { until: new Date(Date.now() + it.hours * 3_600_000).toISOString() },
            }),
          )
      }
    },
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: incidentOptions(id).queryKey }),
        client.invalidateQueries({ queryKey: ['alerts', 'incidents'] }),
        client.invalidateQueries({ queryKey: key }),
      ]),
  })
}

/** A change of what is set up, after which everything about it is asked for again. */
function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: key }) })
}

/** Creates the channel, or changes the one with that ID, whose kind stays. */
export const useSaveChannel = (id: string | null) =>
  useChange(async ({ kind, ...rest }: NewChannel): Promise<CreatedChannel> => {
    if (id === null) return ask(api.POST('/v1/channels', { body: { kind, ...rest } }))
    const channel = await ask(
      api.PATCH('/v1/channels/{channel_id}', { params: { path: { channel_id: id } }, body: rest }),
    )
    return { channel, secret: null }
  })

export const useRotateChannel = (id: string) =>
  useChange(() => ask(api.POST('/v1/channels/{channel_id}/rotate', { params: { path: { channel_id: id } } })))

export const useTestChannel = (id: string) =>
  useChange(
    async () =>
      (await ask(api.POST('/v1/channels/{channel_id}/test', { params: { path: { channel_id: id } } }))).deliveries,
  )

export const useDeleteChannel = () =>
  useChange((id: string) => ask(api.DELETE('/v1/channels/{channel_id}', { params: { path: { channel_id: id } } })))

export const useSaveEscalation = (id: string | null) =>
  useChange((body: NewEscalation) =>
    id === null
      ? ask(api.POST('/v1/escalations', { body }))
      : ask(api.PUT('/v1/escalations/{escalation_id}', { params: { path: { escalation_id: id } }, body })),
  )

export const useDeleteEscalation = () =>
  useChange((id: string) =>
    ask(api.DELETE('/v1/escalations/{escalation_id}', { params: { path: { escalation_id: id } } })),
  )

export const useSaveRotation = (id: string | null) =>
  useChange((body: NewRotation) =>
    id === null
      ? ask(api.POST('/v1/rotations', { body }))
      : ask(api.PUT('/v1/rotations/{rotation_id}', { params: { path: { rotation_id: id } }, body })),
  )

export const useDeleteRotation = () =>
  useChange((id: string) => ask(api.DELETE('/v1/rotations/{rotation_id}', { params: { path: { rotation_id: id } } })))
