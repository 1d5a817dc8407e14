import { queryOptions } from '@tanstack/react-query'
import { toApiError, UnreachableError } from '../../api/errors'
import type { RehearsalReport } from '../../api/types'
import type { Proposal, SchemaType } from './registry'

/** What was seen of a property of an event. */
export interface SeenProperty {
  path: string
  /** Of the events looked at, how many have it: 0 to 1. */
  share: number
  types: readonly { type: string; share: number }[]
  /** The values that it takes, where they are few; null where they are not. */
  values: readonly string[] | null
  required: boolean
}

export interface Inferred {
  events: number
  properties: readonly SeenProperty[]
  proposal: { type: SchemaType; schema: string }
}

async function call<T>(
  method: string,
  path: string,
  options: { body?: object; signal?: AbortSignal } = {},
): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: options.body ? { 'Content-Type': 'application/json' } : {},
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new UnreachableError(error)
  }
  const json = response.headers.get('Content-Type')?.includes('json') ?? false
  const answer: unknown = json ? await response.json().catch(() => null) : await response.text()
  if (!response.ok) throw toApiError(answer, response)
  return answer as T
}

/** What the newest stored events would be under a schema that is not registered. Without an event: those that are bound. */
export function rehearseSchema(
  subject: string,
  p: Proposal,
  last: number,
  event: string | null,
): Promise<RehearsalReport> {
  return call('POST', `/v1/schemas/${encodeURIComponent(subject)}/rehearsal`, {
    body: {
      schemaType: p.type,
      schema: p.schema,
      references: p.references,
      last,
      ...(event === null ? {} : { event }),
    },
  })
}

/** What the newest events of a name look like, and a schema that fits them. */
export function inferredOptions(event: string, last: number) {
  return queryOptions({
    queryKey: ['inferred', event, last],
    queryFn: ({ signal }) => call<Inferred>('POST', '/v1/schemas/infer', { body: { event, last }, signal }),
    staleTime: Infinity,
  })
}

export type StubLanguage = 'go' | 'ts' | 'python'

/** Typed code of the newest version of a subject. */
export function stubOptions(subject: string, language: StubLanguage, version: number) {
  return queryOptions({
    queryKey: ['stub', subject, language, version],
    queryFn: ({ signal }) =>
      call<string>('GET', `/v1/schemas/${encodeURIComponent(subject)}/stub?lang=${language}`, { signal }),
    staleTime: Infinity,
  })
}
