import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { incidentsDuringOptions } from '../api/alerts'
import type { Period } from '../time/range'
import { useTravel } from '../view/useView'
import type { Annotation } from './model'

/** The incidents of a chart's time: of rules that watch this event, or, where it is null, of all. */
export function useIncidents(period: Period | undefined, event: string | null): readonly Annotation[] {
  const travel = useTravel()
  const { data } = useQuery(incidentsDuringOptions(period ?? null, event))
  return useMemo(
    () =>
      (data ?? []).map((i) => ({
        id: i.id,
        title: i.title,
        from: i.opened_at,
        to: i.resolved_at,
        severe: i.severity === 'critical',
        href: travel(`/alerts/incidents/${i.id}`),
      })),
    [data, travel],
  )
}
