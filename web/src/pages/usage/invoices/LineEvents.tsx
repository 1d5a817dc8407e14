import { useQuery } from '@tanstack/react-query'
import { lineEventsOptions } from '../../../api/billing'
import { ErrorNote, SkeletonRows } from '../../../parts/States'
import { EventIDs } from '../EventIDs'

/** A sample of the events that were counted in an hour. */
export function LineEvents({ invoice, line, hour }: { invoice: string; line: string; hour: string }) {
  const { data, error, refetch } = useQuery(lineEventsOptions(invoice, line, hour))
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) return <SkeletonRows rows={1} />
  return <EventIDs ids={data.event_ids} />
}
