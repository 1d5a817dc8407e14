import { More } from '../../parts/More'
import type { UseInfiniteQueryResult, InfiniteData } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Event } from '../../api/types'
import type { components } from '../../api/schema.gen'
import { PersonLink } from '../../parts/PersonLink'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import classes from './EventList.module.css'

type Answer = UseInfiniteQueryResult<InfiniteData<components['schemas']['EventsResult']>>

/** Stored events, newest first. */
export function EventList({ answer, zone }: { answer: Answer; zone: string }) {
  if (answer.error && !answer.data) return <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
  if (answer.data === undefined) return <SkeletonRows rows={10} />
  const events = answer.data.pages.flatMap((p) => p.events)
  if (events.length === 0) {
    return (
      <Empty title="No such events">
        Nothing that happened in this period matches. Choose another time range, or take a filter away.
      </Empty>
    )
  }
  return (
    <>
      <TableScroll label="Events">
        <table>
          <thead>
            <tr>
              <th scope="col">Time ({zone})</th>
              <th scope="col">Event</th>
              <th scope="col">Who</th>
              <th scope="col">Properties</th>
            </tr>
          </thead>
          <tbody>
            {events.map((e) => (
              <EventRow key={e.event_id} event={e} zone={zone} />
            ))}
          </tbody>
        </table>
      </TableScroll>
      <More answer={answer}>Show older events</More>
    </>
  )
}

function EventRow({ event, zone }: { event: Event; zone: string }) {
  return (
    <tr>
      <td className={classes.time}>
        <Time at={event.time} zone={zone} />
      </td>
      <td className={classes.name}>
        <Link to={`/events/${encodeURIComponent(event.event_id)}`}>{event.event}</Link>
      </td>
      <td className={classes.who}>
        <PersonLink id={event.user_id || event.anonymous_id} />
      </td>
      <td>
        <Properties of={event.properties} />
      </td>
    </tr>
  )
}

/** The first few properties on one line. */
export function Properties({ of }: { of: Record<string, unknown> }) {
  return (
    <span className={classes.properties}>
      {Object.entries(of)
        .filter(([, v]) => v !== '')
        .slice(0, 8)
        .map(([k, v]) => (
          <span key={k}>
            <span className="quiet">{k}</span> {typeof v === 'string' ? v : JSON.stringify(v)}
          </span>
        ))}
    </span>
  )
}
