import createClient from 'openapi-fetch'
import { toApiError, UnreachableError } from './errors'
import type { paths } from './schema.gen'

/** The API, typed by its contract. The session cookie goes along by itself. */
export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Waits for a call and returns its data, or throws ApiError or UnreachableError. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new UnreachableError(error)
  }
  if (!answer.response.ok) throw toApiError(answer.error, answer.response)
  return answer.data as T
}
