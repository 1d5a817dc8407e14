import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import { api, ask } from '../api/client'
import { isApiError } from '../api/errors'
import type { Me } from '../api/types'

export const meKey = ['me'] as const

/** Who is logged in: null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: meKey,
    queryFn: async ({ signal }): Promise<Me | null> => {
      try {
        return await ask(api.GET('/v1/me', { signal }))
      } catch (error) {
        if (isApiError(error) && error.status === 401) return null
        throw error
      }
    },
    staleTime: 60_000,
  })
}

/** Who is logged in, on the pages behind the login. */
export const MeContext = createContext<Me | null>(null)

export function useMe(): Me {
  const me = useContext(MeContext)
  if (me === null) throw new Error('useMe outside of the pages behind the login')
  return me
}

// The organization belongs to the session, so it changes in every tab at once.
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('observatory-session')

/** Tells the other tabs that the session now is another's, or nobody's. */
export function announceSession() {
  tabs?.postMessage('changed')
}

/** Calls back when another tab has changed the session. */
export function onSessionChanged(callback: () => void): () => void {
  tabs?.addEventListener('message', callback)
  return () => tabs?.removeEventListener('message', callback)
}

/** Starts anew as `me`: what was known about the organization before is forgotten. */
export function useEnter() {
  const client = useQueryClient()
  return (me: Me | null) => {
    client.clear()
    client.setQueryData(meKey, me)
    announceSession()
  }
}
