import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { usageOptions, type UsageMeter } from '../../api/usage'
import { maySeeBilling } from '../../app/roles'
import { useMe } from '../../app/session'

/** Meters by their names: undefined as long as they are not known. */
export function useUnits(): (meter: string | undefined) => UsageMeter | undefined {
  const me = useMe()
  const { data } = useQuery({ ...usageOptions(null), enabled: maySeeBilling(me.role), staleTime: 60_000 })
  return useCallback((meter) => data?.meters.find((m) => m.meter === meter), [data])
}
