import { keepPreviousData, queryOptions, useQueries, useQuery } from '@tanstack/react-query'
import { api, ask } from '../../api/client'
import { policyOptions, rehearsePolicy } from '../../api/policies'
import { trendOptions } from '../../api/trends'
import type { Policy } from '../../api/types'
import { useMe } from '../../app/session'
import { resolve, type Range } from '../../time/range'
import { useView } from '../../view/useView'
import { contractOf } from './contract'

const week: Range = { kind: 'preset', preset: '7d' }
const looked = 1000

/** Of an event: undefined while it is not known, null where it cannot be. */
export interface Conformity {
  /** Set aside for breaking a rule, of all that were received. */
  setAside: { events: number; of: number } | null | undefined
  /** Stored, and not fitting the contract in force, of the newest that were looked at. */
  marked: { events: number; of: number } | null | undefined
}

/** How well the newest events of each name keep to the contract that is in force. */
export function useConformity(inForce: Policy): (event: string) => Conformity {
  const { tenant } = useMe()
  const { tz } = useView()
  const stored = useQuery(
    trendOptions(tenant.id, {
      range: week,
      zone: tz,
      interval: 'coarsest',
      measure: 'count',
      breakdown: 'event',
      limit: 50,
    }),
  )
  const causes = useQuery(causesOptions(tz))
  const checked = contractOf(inForce).events.filter((b) => b.mode !== 'off')
  const tried = useQueries({
    queries: checked.slice(0, 50).map((b) => ({
      queryKey: [...policyOptions('contract').queryKey, 'conformity', inForce.version, b.event],
      queryFn: () => rehearsePolicy('contract', inForce.document, looked, b.event),
      staleTime: 60_000,
    })),
  })
  return (event) => {
    const at = checked.findIndex((b) => b.event === event)
    const try_ = tried[at]
    const rehearsed = try_?.error ? null : try_?.data
    const storedCount = stored.data?.result.series.find((s) => s.breakdown === event)?.total ?? 0
    const aside = (causes.data?.causes ?? []).filter((c) => c.event === event)
    const asideCount = aside.reduce((sum, c) => sum + c.open + c.repaired, 0)
    return {
      setAside:
        causes.error || stored.error
          ? null
          : causes.data && stored.data
            ? { events: asideCount, of: asideCount + storedCount }
            : undefined,
      marked: at < 0 || rehearsed === null ? null : rehearsed && { events: rehearsed.violating, of: rehearsed.events },
    }
  }
}

function causesOptions(zone: string) {
  return queryOptions({
    queryKey: ['causes', 'week', zone],
    queryFn: ({ signal }) => {
      const { from, to } = resolve(week, zone, new Date())
      return ask(
        api.GET('/v1/quarantine/causes', {
          params: { query: { from: from.toISOString(), to: to.toISOString(), open: false } },
          signal,
        }),
      )
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
}
