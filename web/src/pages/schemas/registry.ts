import { queryOptions } from '@tanstack/react-query'
import { ApiError, UnreachableError } from '../../api/errors'

// The schema registry speaks the REST API that registry clients know; this is the part of it that the pages use.

export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'

export const typeNames: Record<SchemaType, string> = { JSON: 'JSON Schema', AVRO: 'Avro', PROTOBUF: 'Protobuf' }

export interface Reference {
  name: string
  subject: string
  version: number
}

/** A version of a subject, with its schema. */
export interface Registered {
  subject: string
  version: number
  id: number
  guid: string
  type: SchemaType
  schema: string
  references: readonly Reference[]
  fingerprint: string
  /** CRC-64-AVRO, of Avro schemas only. */
  rabin: string | null
  createdAt: string | null
  createdBy: string | null
}

export interface Proposal {
  type: SchemaType
  schema: string
  references: readonly Reference[]
}

/** A rule that a proposed version breaks with one of the versions before it. */
export interface Conflict {
  rule: string
  path: string
  message: string
  advice: string
  version: number
}

/** An error of the registry, with the broken rules where a version was refused for them. */
export class RegistryError extends ApiError {
  readonly conflicts: readonly Conflict[]

  constructor(problem: ConstructorParameters<typeof ApiError>[0], conflicts: readonly Conflict[]) {
    super(problem)
    this.name = 'RegistryError'
    this.conflicts = conflicts
  }
}

interface Wire {
  subject?: string
  version?: number
  id?: number
  guid?: string
  schemaType?: SchemaType
  schema: string
  references?: Reference[]
  fingerprint?: string
  fingerprintCrc64Avro?: string
  createdAt?: string
  createdBy?: string
}

function read(w: Wire): Registered {
  return {
    subject: w.subject ?? '',
    version: w.version ?? 0,
    id: w.id ?? 0,
    guid: w.guid ?? '',
    type: w.schemaType ?? 'AVRO',
    schema: w.schema,
    references: w.references ?? [],
    fingerprint: w.fingerprint ?? '',
    rabin: w.fingerprintCrc64Avro ?? null,
    createdAt: w.createdAt ?? null,
    createdBy: w.createdBy ?? null,
  }
}

function write(p: Proposal): object {
  return { schemaType: p.type, schema: p.schema, ...(p.references.length > 0 ? { references: p.references } : {}) }
}

async function call<T>(
  method: string,
  path: string,
  options: { body?: object; signal?: AbortSignal } = {},
): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/v1/schema-registry${path}`, {
      method,
      credentials: 'same-origin',
      headers: { Accept: 'application/json', ...(options.body ? { 'Content-Type': 'application/json' } : {}) },
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new UnreachableError(error)
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer as T
  const given = (answer ?? {}) as {
    message?: string
    code?: string
    error_code?: number
    incompatibilities?: Conflict[]
  }
  throw new RegistryError(
    {
      type: 'about:blank',
      title: '',
      status: response.status,
      code: given.code ?? `registry_${given.error_code ?? response.status}`,
      detail: given.message ?? `The server answered ${response.status}.`,
      correlation_id: response.headers.get('X-Correlation-ID') ?? '',
    },
    given.incompatibilities ?? [],
  )
}

const of = (subject: string) => `/subjects/${encodeURIComponent(subject)}`

export const registryKey = ['registry'] as const

/** The newest version of every subject, by name. */
export const subjectsOptions = queryOptions({
  queryKey: [...registryKey, 'subjects'],
  queryFn: async ({ signal }) => {
    const newest = (await call<Wire[]>('GET', '/schemas?latestOnly=true', { signal })).map(read)
    return newest.sort((a, b) => a.subject.localeCompare(b.subject))
  },
})

/** Every version of a subject, newest first. */
export function versionsOptions(subject: string) {
  return queryOptions({
    queryKey: [...registryKey, 'versions', subject],
    queryFn: async ({ signal }) => {
      const numbers = await call<number[]>('GET', `${of(subject)}/versions`, { signal })
      const all = await Promise.all(numbers.map((n) => call<Wire>('GET', `${of(subject)}/versions/${n}`, { signal })))
      return all.map(read).sort((a, b) => b.version - a.version)
    },
  })
}

export interface LevelSetting {
  level: string
  /** Whether the subject has one of its own, or goes by that of all subjects. */
  own: boolean
}

/** The level of compatibility that a subject obeys. */
export function levelOptions(subject: string) {
  return queryOptions({
    queryKey: [...registryKey, 'level', subject],
    queryFn: async ({ signal }): Promise<LevelSetting> => {
      const path = `/config/${encodeURIComponent(subject)}`
      try {
        const own = await call<{ compatibilityLevel?: string }>('GET', path, { signal })
        if (own.compatibilityLevel) return { level: own.compatibilityLevel, own: true }
      } catch (error) {
        if (!(error instanceof RegistryError) || error.status !== 404) throw error
      }
      const all = await call<{ compatibilityLevel?: string }>('GET', '/config', { signal })
      return { level: all.compatibilityLevel ?? 'BACKWARD', own: false }
    },
  })
}

/** Sets the level of a subject; null lets it go by that of all subjects again. */
export function setLevel(subject: string, level: string | null): Promise<unknown> {
  const path = `/config/${encodeURIComponent(subject)}`
  return level === null ? call('DELETE', path) : call('PUT', path, { body: { compatibility: level } })
}

export interface Comparison {
  compatible: boolean
  conflicts: readonly Conflict[]
}

/** Whether a version could be registered. The proposal is parsed as well: what is no schema is an error. */
export async function compare(subject: string, proposal: Proposal): Promise<Comparison> {
  const answer = await call<{ is_compatible: boolean; incompatibilities?: Conflict[] }>(
    'POST',
    `/compatibility${of(subject)}/versions?verbose=true`,
    { body: write(proposal) },
  )
  return { compatible: answer.is_compatible, conflicts: answer.incompatibilities ?? [] }
}

export async function register(subject: string, proposal: Proposal): Promise<Registered> {
  return read(await call<Wire>('POST', `${of(subject)}/versions`, { body: write(proposal) }))
}

/** Hides a subject: its versions can be read by their IDs still, and it can be registered anew. */
export function removeSubject(subject: string): Promise<number[]> {
  return call('DELETE', of(subject))
}
