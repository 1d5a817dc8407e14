import { useMutation } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { api, ask } from '../api/client'
import { useEnter } from './session'

export function useLogOut() {
  const enter = useEnter()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: () => ask(api.POST('/v1/logout')),
    onSuccess: () => {
      // At once: whoever is still on a page when the session is gone is sent back to it after the next login.
      void navigate('/login', { flushSync: true })
      enter(null)
    },
  })
}

/** Shows another organization, beginning with its overview: filters of the one before mean nothing there. */
export function useSwitchTenant() {
  const enter = useEnter()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (tenant: string) => ask(api.PUT('/v1/me/tenant', { body: { tenant_id: tenant } })),
    onSuccess: (me) => {
      void navigate('/')
      enter(me)
    },
  })
}
