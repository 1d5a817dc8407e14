import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { isApiError } from '../api/errors'
import { meKey } from './session'

/** Asks again what may succeed the next time; a session that has ended leads to the login page from wherever it shows. */
export function newQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (isApiError(error) && error.status === 401 && client.getQueryData(meKey)) client.setQueryData(meKey, null)
  }
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({
      // A wrong password is a 401 as well, but no end of the session.
      onError: (error) => {
        if (isApiError(error, 'session_missing') || isApiError(error, 'session_ended')) onError(error)
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && !(isApiError(error) && error.status < 500),
        refetchOnWindowFocus: true,
      },
    },
  })
  return client
}
