import { Button, Group, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { eventOptions, sourcesOptions } from '../../api/queries'
import type { Event, EventDetail as FullEvent } from '../../api/types'
import { useMe } from '../../app/session'
import type { Filter } from '../../filters/filter'
import { CodeBlock, CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Page, Panel } from '../../parts/Page'
import { personPath } from '../../parts/person'
import { Empty, ErrorNote } from '../../parts/States'
import { Time } from '../../parts/Time'
import { allTime, dayOf, type Range } from '../../time/range'
import { useSeen, useView } from '../../view/useView'
import { writeView } from '../../view/view'
import { ReceiptSummary } from '../data/ReceiptSummary'
import classes from './EventDetail.module.css'
import { found } from './found'

/** One event: everything that is known about it, and what became of the batch that it came in. */
export default function EventDetail() {
  const { id = '' } = useParams()
  const me = useMe()
  const { data: event, error, refetch } = useQuery(eventOptions(id))
  if (isApiError(error, 'event_not_found')) {
    return (
      <Page title="Event" organization={me.tenant.name}>
        <Panel label="Event">
          <Empty
            title="No stored event has this ID"
            action={
              <Button component={Link} to="/data/quarantine" variant="default">
                Quarantine
              </Button>
            }
          >
            <p>
              <span className="mono">{id}</span>
            </p>
            It may still be on its way, or be set aside in quarantine. The receipt of its batch knows.
          </Empty>
        </Panel>
      </Page>
    )
  }
  return (
    <Page title={event?.event ?? 'Event'} organization={me.tenant.name} lead={event && <EventLead event={event} />}>
      {error && !event ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : event ? (
        <Detail event={event} />
      ) : (
        <Skeleton height={420} radius="lg" />
      )}
    </Page>
  )
}

function EventLead({ event }: { event: Event }) {
  const { tz } = useView()
  return (
    <>
      <Time at={event.time} zone={tz} exact /> {tz}
    </>
  )
}

function Detail({ event }: { event: FullEvent }) {
  const { tz } = useView()
  const { data: sources = [] } = useQuery(sourcesOptions)
  const source = sources.find((s) => s.id === event.source_id)
  const seen = useSeen()
  const day = dayOf(new Date(event.time), tz)
  const everything = !seen ? null : allTime(seen.first, seen.last, tz)
  const sameRequest = eventsLink(everything, {
    property: 'correlation_id',
    operator: 'equals',
    value: event.correlation_id,
  })
  const foundOut = found(event)
  const who = event.user_id ? 'user_id' : event.anonymous_id ? 'anonymous_id' : null
  const sameVisitor =
    who && eventsLink({ kind: 'days', from: day, to: day }, { property: who, operator: 'equals', value: event[who] })
  return (
    <div className={classes.columns}>
      <div className={classes.column}>
        <Panel title="What happened">
          <Facts
            facts={[
              ['Event', event.event],
              ['Type', event.type],
              ['Happened', <Time key="t" at={event.time} zone={tz} exact />],
              ['Received', <Time key="r" at={event.received_at} zone={tz} exact />],
              ['Source', source?.name ?? event.source_id],
            ]}
          />
        </Panel>
        <Panel title="Who">
          <Facts
            facts={[
              ['user_id', event.user_id && <CopyText key="u" value={event.user_id} what="the user_id" />],
              [
                'anonymous_id',
                event.anonymous_id && <CopyText key="a" value={event.anonymous_id} what="the anonymous_id" />,
              ],
              ['session_id', event.session_id && <CopyText key="s" value={event.session_id} what="the session_id" />],
            ]}
          />
          {who && sameVisitor && (
            <Group gap="xs" mt="xs">
              <Button component={Link} to={personPath(event[who])} variant="default" size="xs">
                The person
              </Button>
              <Button component={Link} to={sameVisitor} variant="default" size="xs">
                What else they did that day
              </Button>
            </Group>
          )}
        </Panel>
        <Panel title="What was found out">
          {foundOut.length > 0 ? (
            <Facts facts={foundOut} />
          ) : (
            <p className="quiet">Nothing: the event says no more than what was sent.</p>
          )}
        </Panel>
        <Panel title="By your rules">
          <Facts
            facts={[
              ['Schema', event.schema_id > 0 ? `ID ${event.schema_id}` : 'None was asked for'],
              ['Redacted by', event.redactions.length > 0 ? event.redactions.join(', ') : 'No rule'],
              ['Policy', event.policy_version > 0 ? `Version ${event.policy_version}` : 'The default'],
              ['Breaks its contract', event.violations.length > 0 ? <Violations key="v" event={event} /> : 'Nowhere'],
            ]}
          />
        </Panel>
        <Panel title="On its way">
          <Facts
            facts={[
              ['Sent by', [event.sdk_name, event.sdk_version].filter((s) => s !== '').join(' ')],
              ['Event ID', <CopyText key="e" value={event.event_id} what="the event ID" />],
              ['Correlation ID', <CopyText key="c" value={event.correlation_id} what="the correlation ID" />],
              ['Receipt', <CopyText key="r" value={event.receipt} what="the receipt's ID" />],
            ]}
          />
          <Button component={Link} to={sameRequest} variant="default" size="xs" mt="xs">
            Events of the same request
          </Button>
        </Panel>
        <ReceiptSummary id={event.receipt} eventId={event.event_id} />
      </div>
      <div className={classes.column}>
        <Json title="Properties" value={event.properties} />
        <Json title="Context" value={event.context} />
        <Json title="The whole event" value={event} />
      </div>
    </div>
  )
}

function Violations({ event }: { event: FullEvent }) {
  return (
    <ul className={classes.violations}>
      {event.violations.map((v) => (
        <li key={`${v.code} ${v.path}`}>
          {v.path !== '' && <span className="mono">{v.path}</span>} {v.message}
        </li>
      ))}
    </ul>
  )
}

function eventsLink(range: Range | null, filter: Filter): string {
  return `/explore/events?${writeView(new URLSearchParams(), { range, filter }).toString()}`
}

function Json({ title, value }: { title: string; value: object }) {
  return (
    <Panel title={title}>
      {Object.keys(value).length === 0 ? (
        <p className="quiet">Nothing was sent.</p>
      ) : (
        <CodeBlock code={JSON.stringify(value, null, 2)} what={title.toLowerCase()} wrap />
      )}
    </Panel>
  )
}
