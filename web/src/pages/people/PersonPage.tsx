import { Button, Skeleton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ArrowLeft, ShieldUser, UserRoundX } from 'lucide-react'
import { Link, useParams, useSearchParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { personEventsOptions, personOptions, type PersonProfile } from '../../api/people'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, plural } from '../../numbers/format'
import { Figure, Figures } from '../../parts/Figures'
import { Page, Panel } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { EventList } from '../explore/EventList'
import { AsOf } from './AsOf'
import { parseAsOf } from './asOf'
import { Groups } from './Groups'
import { History } from './History'
import { IDs } from './IDs'
import { Kind } from './Kind'
import classes from './People.module.css'
import { Traits } from './Traits'

/** One person: what is known, by which IDs, in which groups, and what they did; now or as of a day. */
export default function PersonPage() {
  const { id = '' } = useParams()
  const me = useMe()
  const { tz } = useView()
  const [params] = useSearchParams()
  const asOf = parseAsOf(params.get('as_of'), tz)
  const answer = useQuery(personOptions(id, asOf))
  const { data: person, error } = answer
  const unknown = isApiError(error, 'person_not_found')
  return (
    <Page
      title={unknown || person === undefined ? id : nameOf(person)}
      organization={me.tenant.name}
      lead={
        <Link to="/people" className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> People
        </Link>
      }
      actions={
        <>
          <AsOf asOf={asOf} />
          {person !== undefined && mayAnswerForPeople(me.role) && (
            <Button
              component={Link}
              to={`/privacy/new?${new URLSearchParams({ [person.kind === 'user' ? 'user_id' : 'anonymous_id']: person.person })}`}
              variant="default"
              leftSection={<ShieldUser size={16} />}
            >
              Privacy request
            </Button>
          )}
        </>
      }
    >
      {unknown ? (
        <NotThere id={id} asOf={asOf} />
      ) : error ? (
        <ErrorNote error={error} retry={() => void answer.refetch()} />
      ) : person === undefined ? (
        <>
          <Skeleton height={96} radius="lg" />
          <Skeleton height={420} radius="lg" />
        </>
      ) : (
        <div className={classes.person} aria-busy={answer.isPlaceholderData}>
          <Summary person={person} asOf={asOf} />
          <div className={classes.columns}>
            <div className={classes.column}>
              <Traits person={person} />
              <Groups groups={person.groups} />
            </div>
            <div className={classes.column}>
              <IDs ids={person.ids} />
              <History id={id} asOf={asOf} />
            </div>
          </div>
          <Timeline id={id} asOf={asOf} />
        </div>
      )}
    </Page>
  )
}

/** What the person is called: as the list of people has it. */
function nameOf(person: PersonProfile): string {
  for (const key of ['name', 'username', 'email']) {
    const value = person.traits.find((t) => t.key === key)?.value
    if (typeof value === 'string' && value !== '') return value
  }
  return person.person
}

function Summary({ person: p, asOf }: { person: PersonProfile; asOf: Date | null }) {
  const { tz } = useView()
  return (
    <section className={classes.summary} aria-label="In short">
      <Figures>
        <Figure name="Known as">
          <Kind kind={p.kind} /> <span className={`mono ${classes.id}`}>{p.person}</span>
        </Figure>
        <Figure name={`Last seen (${tz})`}>
          <Time at={p.last_seen} zone={tz} />
        </Figure>
        <Figure name="First seen">
          <Time at={p.first_seen} zone={tz} />
        </Figure>
        <Figure name="Events">{formatNumber(p.events)}</Figure>
        <Figure name="IDs">{formatNumber(p.ids.length)}</Figure>
      </Figures>
      <p className="quiet">
        {asOf === null ? (
          <>As of now. IDs that a new event links are joined within a minute.</>
        ) : (
          <>
            As of <Time at={p.as_of} zone={tz} exact /> {tz}: what came after it counts for nothing here.
          </>
        )}
        {p.truncated && <> Only the newest 5,000 events that tell about this person were looked at.</>}
      </p>
    </section>
  )
}

function NotThere({ id, asOf }: { id: string; asOf: Date | null }) {
  const { tz } = useView()
  return (
    <Panel label="Person">
      <Empty
        title={asOf === null ? 'Nobody has this ID' : 'Not seen by then'}
        icon={<UserRoundX size={36} strokeWidth={1.4} />}
        action={
          <Button component={Link} to={asOf === null ? '/people' : '?'} variant="default">
            {asOf === null ? 'All people' : 'As of now'}
          </Button>
        }
      >
        No stored event{asOf !== null && <> until {<Time at={asOf.toISOString()} zone={tz} />}</>} carries{' '}
        <span className="mono">{id}</span>. It may still be on its way.
      </Empty>
    </Panel>
  )
}

function Timeline({ id, asOf }: { id: string; asOf: Date | null }) {
  const { tz } = useView()
  const answer = useInfiniteQuery(personEventsOptions(id, asOf))
  const shown = answer.data?.pages.reduce((n, p) => n + p.events.length, 0)
  return (
    <Panel
      title="Timeline"
      note={`What they did, newest first, whichever of their IDs it was sent with${shown === undefined ? '' : `. ${plural(shown, 'event')} shown`}.`}
      flush
    >
      <EventList answer={answer} zone={tz} />
    </Panel>
  )
}
