import type { Problem } from './types'

/** What the API answered instead of what was asked for (RFC 9457). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly correlationId: string
  /** Seconds to wait before asking again, where the API says so. */
  readonly retryAfter: number | undefined

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail)
    this.name = 'ApiError'
    this.status = problem.status
    this.code = problem.code
    this.correlationId = problem.correlation_id
    this.retryAfter = retryAfter
  }
}

/** No answer came: the network or the server is down. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('Observatory does not answer. Check your connection; this page tries again by itself.', { cause })
    this.name = 'UnreachableError'
  }
}

/** Reads a problem document, and makes one of answers that are none (a proxy's, say). */
export function toApiError(body: unknown, response: Response): ApiError {
  const given = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {}
  const retryAfter = Number(response.headers.get('Retry-After') ?? NaN)
  return new ApiError(
    {
      type: given.type ?? 'about:blank',
      title: given.title ?? 'Unexpected answer',
      status: given.status ?? response.status,
      code: given.code ?? `http_${response.status}`,
      detail: given.detail ?? `The server answered ${response.status} ${response.statusText}`.trim() + '.',
      correlation_id: given.correlation_id ?? response.headers.get('X-Correlation-ID') ?? '',
    },
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  )
}

/** What happened, by the kind of answer, in words that need no knowledge of HTTP. */
export function errorTitle(error: Error): string {
  if (error instanceof UnreachableError) return 'No connection'
  if (!(error instanceof ApiError)) return 'Something went wrong'
  switch (error.status) {
    case 401:
      return 'Not accepted'
    case 403:
      return 'Not allowed'
    case 404:
      return 'Not found'
    case 429:
      return 'Too many requests'
    case 503:
      return 'Not available right now'
    default:
      return error.status < 500 ? 'That did not work' : 'A fault on our side'
  }
}

export function isApiError(error: unknown, code?: string): error is ApiError {
  return error instanceof ApiError && (code === undefined || error.code === code)
}
