import { Button, Drawer } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { eventsOptions } from '../../api/queries'
import { useMe } from '../../app/session'
import type { Filter } from '../../filters/filter'
import { formatRange } from '../../time/format'
import type { Range } from '../../time/range'
import { writeView } from '../../view/view'
import { EventList } from './EventList'

interface BucketEventsProps {
  /** Null is closed. */
  range: Range | null
  event: string | null
  filter: Filter | null
  zone: string
  onClose: () => void
}

/** The events behind a point of the chart. */
export function BucketEvents({ range, event, filter, zone, onClose }: BucketEventsProps) {
  return (
    <Drawer
      opened={range !== null}
      onClose={onClose}
      position="right"
      size="xl"
      title={range === null ? 'Events' : `Events, ${formatRange(range, zone)}`}
    >
      {range !== null && <Listed range={range} event={event} filter={filter} zone={zone} />}
    </Drawer>
  )
}

function Listed({ range, event, filter, zone }: Omit<BucketEventsProps, 'range' | 'onClose'> & { range: Range }) {
  const { tenant } = useMe()
  const answer = useInfiniteQuery(eventsOptions(tenant.id, { range, zone, event, filter }))
  const params = writeView(new URLSearchParams(window.location.search), { range })
  return (
    <>
      <EventList answer={answer} zone={zone} />
      <Button component={Link} to={`/explore/events?${params.toString()}`} variant="default" mt="md">
        Open as a page
      </Button>
    </>
  )
}
