import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Check } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Link } from 'react-router'
import { catalogOptions } from '../../api/queries'
import { openStream, type StreamState } from '../../api/stream'
import type { Event } from '../../api/types'
import { plural } from '../../numbers/format'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Welcome.module.css'

/** Waits for an event, and turns into it. */
export function FirstEvent() {
  const { tz } = useView()
  const [event, setEvent] = useState<Event | null>(null)
  const [state, setState] = useState<StreamState>('connecting')
  useEffect(() => {
    if (event !== null) return
    return openStream(null, { onEvent: setEvent, onState: setState })
  }, [event])
  const { data: catalog } = useQuery(catalogOptions)
  const before = (catalog?.events ?? []).reduce((sum, e) => sum + e.count, 0)

  if (event !== null) {
    return (
      <Panel label="Your event">
        <div role="status" className={classes.arrived}>
          <span className={classes.tick}>
            <Check size={18} aria-hidden="true" />
          </span>
          <h2>Your event is here</h2>
        </div>
        <Facts
          facts={[
            ['Event', <strong key="name">{event.event}</strong>],
            ['Time', <Time key="time" at={event.time} zone={tz} />],
            ['Who', event.user_id || event.anonymous_id],
            ...Object.entries(event.properties)
              .slice(0, 4)
              .map(([k, v]) => [k, typeof v === 'string' ? v : JSON.stringify(v)] as const),
          ]}
        />
        <div className={classes.actions}>
          <Button component={Link} to="/">
            See it on the overview
          </Button>
          <Button component={Link} to={`/events/${encodeURIComponent(event.event_id)}`} variant="default">
            Look at all of it
          </Button>
        </div>
      </Panel>
    )
  }
  return (
    <Panel label="Your first event">
      <div className={classes.waitingBody} role="status">
        <Beacon />
        <h2>{before > 0 ? 'Waiting for your next event' : 'Waiting for your first event'}</h2>
        <p className="quiet">
          {state === 'down'
            ? 'The connection is down. It is tried again by itself; events that were acknowledged are safe.'
            : 'It shows here by itself, a second or so after it was sent.'}
        </p>
        {before > 0 && <p className="quiet">{plural(before, 'event')} are here already.</p>}
      </div>
    </Panel>
  )
}

/** A star with rings going out from it. */
function Beacon() {
  return (
    <svg viewBox="0 0 120 120" width="120" height="120" aria-hidden="true" className={classes.beacon}>
      <circle cx="60" cy="60" r="14" />
      <circle cx="60" cy="60" r="14" />
      <circle cx="60" cy="60" r="14" />
      <circle cx="60" cy="60" r="5" />
    </svg>
  )
}
