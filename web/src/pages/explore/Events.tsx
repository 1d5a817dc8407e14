import { Select } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { catalogOptions, eventsOptions } from '../../api/queries'
import { explorePages } from '../../app/places'
import { useMe } from '../../app/session'
import { Page, Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { SubNav } from '../../parts/SubNav'
import { formatRange } from '../../time/format'
import type { Range } from '../../time/range'
import { useShownRange, useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { EventList } from './EventList'

/** Which events were there: those of the range and the filters, one by one. */
export default function Events() {
  const me = useMe()
  const shown = useShownRange()
  const [params, setParams] = useSearchParams()
  const event = params.get('event')
  const { data: catalog } = useQuery(catalogOptions)
  const choose = (name: string | null) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (name === null) next.delete('event')
      else next.set('event', name)
      return next
    })
  return (
    <Page
      title="Events"
      organization={me.tenant.name}
      lead="What was stored, one by one, newest first."
      bar={
        <>
          <SubNav label="Explore" pages={explorePages} />
          <ViewBar range={shown.range} parts={['range', 'filters']} />
        </>
      }
    >
      <Panel
        label="Events"
        flush
        actions={
          <Select
            aria-label="Event"
            placeholder="All events"
            data={[...new Set([...(catalog?.events ?? []).map((e) => e.event), ...(event === null ? [] : [event])])]}
            value={event}
            onChange={choose}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'All events' }}
          />
        }
      >
        {shown.error ? (
          <ErrorNote error={shown.error} retry={shown.retry} />
        ) : shown.range === null ? (
          <SkeletonRows rows={10} />
        ) : (
          <Listed range={shown.range} event={event} />
        )}
      </Panel>
    </Page>
  )
}

function Listed({ range, event }: { range: Range; event: string | null }) {
  const { tenant } = useMe()
  const view = useView()
  const answer = useInfiniteQuery(eventsOptions(tenant.id, { range, zone: view.tz, event, filter: view.query }))
  return (
    <section aria-label={formatRange(range, view.tz)}>
      <EventList answer={answer} zone={view.tz} />
    </section>
  )
}
