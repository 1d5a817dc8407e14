import { Button, Drawer, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Pause, Play, Search } from 'lucide-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { catalogOptions } from '../../api/queries'
import type { StreamState } from '../../api/stream'
import type { Event } from '../../api/types'
import { useMe } from '../../app/session'
import { matches } from '../../filters/filter'
import { formatNumber, plural } from '../../numbers/format'
import { CodeBlock } from '../../parts/Copy'
import { Page, Panel } from '../../parts/Page'
import { personPath } from '../../parts/person'
import { Empty } from '../../parts/States'
import { formatClock } from '../../time/format'
import { useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { Properties } from '../explore/EventList'
import classes from './Live.module.css'
import { useStream } from './useStream'

const stateNames: Record<StreamState, string> = {
  connecting: 'Connecting',
  open: 'Listening',
  down: 'No connection; trying again',
}

/** What is arriving right now. */
export default function Live() {
  const me = useMe()
  const view = useView()
  const [params, setParams] = useSearchParams()
  const event = params.get('event')
  const [text, setText] = useState('')
  const [paused, setPaused] = useState(false)
  const [open, setOpen] = useState<Event | null>(null)
  const passes = (e: Event) =>
    (view.query === null || matches(view.query, e)) &&
    (text === '' || JSON.stringify(e).toLowerCase().includes(text.toLowerCase()))
  const stream = useStream(event, paused, passes)
  // The words typed here apply to what is on the page already as well.
  const shown = stream.buffer.events.filter(passes).slice(0, 100)
  const { data: catalog } = useQuery(catalogOptions)
  const chooseEvent = (name: string | null) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (name === null) next.delete('event')
      else next.set('event', name)
      return next
    })

  return (
    <Page
      title="Live"
      organization={me.tenant.name}
      lead="Events as they are stored."
      bar={<ViewBar range={view.range} parts={['filters']} />}
      actions={
        <Button
          variant={paused ? 'filled' : 'default'}
          leftSection={paused ? <Play size={16} /> : <Pause size={16} />}
          onClick={() => setPaused((p) => !p)}
        >
          {paused ? `Go on (${formatNumber(stream.waiting)} waiting)` : 'Pause'}
        </Button>
      }
    >
      <div className={classes.state}>
        <span className={classes.dot} data-state={paused ? 'paused' : stream.state} aria-hidden="true" />
        <span role="status">{paused ? 'Paused' : stateNames[stream.state]}</span>
        <span>
          <strong>{formatNumber(stream.rate)}</strong> <span className="quiet">events/s over the last 10 s</span>
        </span>
        <span>
          <strong>{formatNumber(stream.buffer.seen)}</strong> <span className="quiet">since you opened this page</span>
        </span>
        {stream.buffer.missed > 0 && (
          <span className={classes.missed}>
            {plural(stream.buffer.missed, 'event')} left out here because this page was too slow. They are stored.
          </span>
        )}
      </div>
      <Panel
        label="Arriving events"
        flush
        actions={
          <div className={classes.tools}>
            <Select
              aria-label="Event"
              placeholder="All events"
              data={[...new Set([...(catalog?.events ?? []).map((e) => e.event), ...(event === null ? [] : [event])])]}
              value={event}
              onChange={chooseEvent}
              searchable
              clearable
              clearButtonProps={{ 'aria-label': 'All events' }}
            />
            <TextInput
              aria-label="Only events that contain"
              placeholder="Contains"
              leftSection={<Search size={15} />}
              value={text}
              onChange={(e) => setText(e.currentTarget.value)}
            />
          </div>
        }
      >
        {shown.length === 0 ? (
          <Empty
            title={stream.state === 'open' ? 'Quiet' : stateNames[stream.state]}
            action={
              <Button component={Link} to="/welcome" variant="default">
                How to send events
              </Button>
            }
          >
            {stream.buffer.events.length > 0
              ? 'Nothing that has arrived matches.'
              : 'An event shows here within a second of being stored.'}
          </Empty>
        ) : (
          <ul className={classes.events}>
            {shown.map((e) => (
              <li key={e.event_id}>
                <button type="button" onClick={() => setOpen(e)}>
                  <time className="quiet" dateTime={e.received_at}>
                    {formatClock(e.received_at, view.tz)}
                  </time>
                  <strong>{e.event}</strong>
                  <span className={classes.who}>{e.user_id || e.anonymous_id || '–'}</span>
                  <Properties of={e.properties} />
                </button>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <p className={`quiet ${classes.note}`}>The newest 100 are shown. Times of receipt in {view.tz}.</p>
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        size="lg"
        title={open?.event ?? 'Event'}
      >
        {open !== null && (
          <div className={classes.drawer}>
            <CodeBlock code={JSON.stringify(open, null, 2)} what="the event" wrap />
            <Button component={Link} to={`/events/${encodeURIComponent(open.event_id)}`}>
              Event and receipt
            </Button>
            {(open.user_id || open.anonymous_id) !== '' && (
              <Button component={Link} to={personPath(open.user_id || open.anonymous_id)} variant="default">
                The person
              </Button>
            )}
          </div>
        )}
      </Drawer>
    </Page>
  )
}
