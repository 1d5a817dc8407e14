import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { resolve, type Period, type Range } from '../time/range'
import { api, ask } from './client'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Job = Schemas['Job']
export type JobAttempt = Schemas['JobAttempt']
export type JobDetail = Schemas['JobDetail']
export type JobDurations = Schemas['JobDurations']
export type JobOutcome = JobAttempt['outcome']
export type JobQueue = Schemas['JobQueue']
export type JobSpell = Schemas['JobSpell']
export type JobState = Schemas['JobState']
export type PipelineStage = Schemas['PipelineStage']
export type StageName = Schemas['PipelineStageName']

const over: readonly JobState[] = ['done', 'failed', 'cancelled']

/** Whether something may still come of it. */
export const isOpen = (j: Pick<Job, 'state'>) => !over.includes(j.state)

/** The stages that the data goes through, as they are now. */
export const pipelineOptions = queryOptions({
  queryKey: ['pipeline'],
  queryFn: ({ signal }) => ask(api.GET('/v1/pipeline', { signal })),
  refetchInterval: 2000,
})

export interface JobsSpec {
  range?: Range
  zone: string
  kind?: string | null
  states?: readonly JobState[]
  queue?: JobQueue | null
}

/** How many jobs are asked for at once. */
export const jobsPage = 200

/** Jobs, newest first. The range is taken as it is when a page is asked for. */
export function jobsOptions(spec: JobsSpec) {
  return infiniteQueryOptions({
    queryKey: ['jobs', spec],
    queryFn: async ({ pageParam, signal }) => {
      const period = spec.range && resolve(spec.range, spec.zone, new Date())
      const page = await ask(
        api.GET('/v1/jobs', {
          params: {
            query: {
              limit: jobsPage,
              ...(period ? { from: period.from.toISOString(), to: period.to.toISOString() } : {}),
              ...(spec.kind ? { kind: spec.kind } : {}),
              ...(spec.states?.length ? { state: [...spec.states] } : {}),
              ...(spec.queue ? { queue: spec.queue } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      )
      return { ...page, period: period ?? null }
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: 5000,
  })
}

/** One job with its family, asked again while it is open. */
export function jobOptions(id: string) {
  return queryOptions({
    queryKey: ['job', id],
    queryFn: ({ signal }) => ask(api.GET('/v1/jobs/{job_id}', { params: { path: { job_id: id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data && isOpen(data.job) ? 1000 : false),
  })
}

export interface Durations {
  kinds: JobDurations[]
  interval: 'minute' | 'hour' | 'day'
  period: Period
}

/** How long attempts took, by kind and bucket. */
export function durationsOptions(range: Range, zone: string) {
  return queryOptions({
    queryKey: ['job-durations', range, zone],
    queryFn: async ({ signal }): Promise<Durations> => {
      const { from, to } = resolve(range, zone, new Date())
      const query = { from: from.toISOString(), to: to.toISOString() }
      const answer = await ask(api.GET('/v1/jobs/durations', { params: { query }, signal }))
      return { kinds: answer.kinds, interval: answer.interval, period: { from, to } }
    },
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  })
}

export type JobAct = 'retry' | 'pause' | 'resume' | 'cancel'

/** Tries a job again, lets it rest, go on, or end early. */
export function useActOnJob() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, act }: { id: string; act: JobAct }) => {
      const params = { path: { job_id: id } }
      switch (act) {
        case 'retry':
          return ask(api.POST('/v1/jobs/{job_id}/retry', { params }))
        case 'pause':
          return ask(api.POST('/v1/jobs/{job_id}/pause', { params }))
        case 'resume':
          return ask(api.POST('/v1/jobs/{job_id}/resume', { params }))
        case 'cancel':
          return ask(api.POST('/v1/jobs/{job_id}/cancel', { params }))
      }
    },
    onSuccess: async (job) => {
      const { queryKey } = jobOptions(job.id)
      await client.cancelQueries({ queryKey }) // an answer on its way may be older
      client.setQueryData(queryKey, (was) => was && { ...was, job })
      return Promise.all([
        client.invalidateQueries({ queryKey: ['jobs'] }),
        client.invalidateQueries({ queryKey: pipelineOptions.queryKey }),
      ])
    },
  })
}
