import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'
import type { components } from './schema.gen'

export type MappingStep = components['schemas']['MappingStep']
export type NewReplay = components['schemas']['NewReplay']
export type Replay = components['schemas']['Replay']
export type ReplayProblem = components['schemas']['ReplayProblem']
export type ReplayRehearsal = components['schemas']['ReplayRehearsal']
export type ReplayState = Replay['state']

const over: readonly ReplayState[] = ['done', 'cancelled', 'failed']

/** Whether something may still come of it. */
export const isOpen = (r: Pick<Replay, 'state'>) => !over.includes(r.state)

/** How often one looks at what is open, in milliseconds. What rests does not change by itself. */
const every = (r: Replay) => (!isOpen(r) ? false : r.state === 'paused' ? 5000 : 500)

/** One replay, asked again while it is open. */
export function replayOptions(id: string) {
  return queryOptions({
    queryKey: ['replays', id],
    queryFn: ({ signal }) => ask(api.GET('/v1/replays/{replay_id}', { params: { path: { replay_id: id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data ? every(data) : false),
  })
}

/** Replays, newest first. */
export const replaysOptions = infiniteQueryOptions({
  queryKey: ['replays'],
  queryFn: ({ pageParam, signal }) =>
    ask(
      api.GET('/v1/replays', { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } }, signal }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor,
  refetchInterval: ({ state: { data } }) =>
    data?.pages.some((p) => p.replays.some((r) => isOpen(r) && r.state !== 'paused')) === true ? 1000 : 10_000,
})

/** What a replay would do with the newest 1,000 of its events. Nothing is changed. */
export function rehearseReplay(body: NewReplay): Promise<ReplayRehearsal> {
  return ask(api.POST('/v1/replays/rehearsal', { body }))
}

/** Begins a replay. The answer is `replay_open` while another of the same cause, or of history, is not over. */
export function useCreateReplay() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewReplay) => ask(api.POST('/v1/replays', { body })),
    onSuccess: (replay) => {
      client.setQueryData(replayOptions(replay.id).queryKey, replay)
      return client.invalidateQueries({ queryKey: replaysOptions.queryKey, exact: true })
    },
  })
}

export type ReplayAct = 'pause' | 'resume' | 'cancel'

/** Lets a replay rest, go on, or end early. */
export function useActOnReplay(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (act: ReplayAct) => {
      const params = { path: { replay_id: id } }
      switch (act) {
        case 'pause':
          return ask(api.POST('/v1/replays/{replay_id}/pause', { params }))
        case 'resume':
          return ask(api.POST('/v1/replays/{replay_id}/resume', { params }))
        case 'cancel':
          return ask(api.POST('/v1/replays/{replay_id}/cancel', { params }))
      }
    },
    onSuccess: async (replay) => {
      await client.cancelQueries({ queryKey: replayOptions(id).queryKey }) // an answer on its way may be older
      client.setQueryData(replayOptions(id).queryKey, replay)
      return client.invalidateQueries({ queryKey: replaysOptions.queryKey, exact: true })
    },
  })
}
