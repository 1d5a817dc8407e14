import { queryOptions } from '@tanstack/react-query'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema.gen'
import type { RehearsalReport } from '../../api/types'
import type { Proposal } from './registry'

export type Inferred = components['schemas']['InferredSchema']
export type SeenProperty = Inferred['properties'][number]

/** What the newest stored events would be under a schema that is not registered. Without an event: those that are bound. */
export function rehearseSchema(
  subject: string,
  p: Proposal,
  last: number,
  event: string | null,
): Promise<RehearsalReport> {
  return ask(
    api.POST('/v1/schemas/{subject}/rehearsal', {
      params: { path: { subject } },
      body: {
        schemaType: p.type,
        schema: p.schema,
        references: [...p.references],
        last,
        ...(event === null ? {} : { event }),
      },
    }),
  )
}

/** What the newest events of a name look like, and a schema that all of them fit. */
export function inferredOptions(event: string, last: number) {
  return queryOptions({
    queryKey: ['inferred', event, last],
    queryFn: ({ signal }) => ask(api.POST('/v1/schemas/inference', { body: { event, last }, signal })),
    staleTime: Infinity,
  })
}

export type StubLanguage = 'go' | 'ts' | 'python'

/** Typed code of the newest version of a subject, for sending an event. */
export function stubOptions(subject: string, language: StubLanguage, version: number, event: string) {
  return queryOptions({
    queryKey: ['stub', subject, language, version, event],
    queryFn: ({ signal }) =>
      ask(
        api.GET('/v1/schemas/{subject}/stub', {
          params: { path: { subject }, query: { lang: language, event } },
          parseAs: 'text',
          signal,
        }),
      ),
    staleTime: Infinity,
  })
}
