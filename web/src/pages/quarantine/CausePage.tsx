import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowLeft, SearchX } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { causeOptions, type CauseDetails } from '../../api/quarantine'
import { formatNumber } from '../../numbers/format'
import { Figure, Figures } from '../../parts/Figures'
import { Panel } from '../../parts/Page'
import { Prose } from '../../parts/Prose'
import { Empty, ErrorNote } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { SchemaVersion } from './Causes'
import { CauseTrend } from './CauseTrend'
import { Examples } from './Examples'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'
import { Repair } from './Repair'
import { Senders } from './Senders'
import { causeTitle } from './words'

/** One cause: how many events, whose, since when, what they look like, and how to put them right. */
export default function CausePage() {
  const { cause = '' } = useParams()
  const { data, error, refetch } = useQuery(causeOptions(cause))
  return (
    <QuarantineFrame title={data ? causeTitle(data.cause) : 'Cause'} lead={data ? <Lead details={data} /> : ' '}>
      {isApiError(error) && (error.status === 404 || error.status === 400) ? (
        <Panel label="Cause">
          <Empty
            title="No such cause"
            icon={<SearchX size={36} strokeWidth={1.4} />}
            action={
              <Button component={Link} to="/data/quarantine" variant="default">
                All causes
              </Button>
            }
          >
            No event in quarantine has this cause, or the time for which its events were kept is over.
          </Empty>
        </Panel>
      ) : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data ? (
        <Shown details={data} />
      ) : (
        <>
          <Skeleton height={110} radius="lg" />
          <Skeleton height={420} radius="lg" />
        </>
      )}
    </QuarantineFrame>
  )
}

function Lead({ details: { cause: c } }: { details: CauseDetails }) {
  return (
    <>
      {c.path !== '' && <code className="mono">{c.path}</code>} <Prose>{c.message}</Prose>
    </>
  )
}

function Shown({ details }: { details: CauseDetails }) {
  const { tz } = useView()
  const travel = useTravel()
  const { cause: c } = details
  return (
    <>
      <section className={classes.answer} aria-label="How many">
        <Link to={travel('/data/quarantine')} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> All causes
        </Link>
        <p className={classes.headline}>
          {c.open === 0 ? (
            <>
              <strong>0</strong> events in quarantine: all {formatNumber(c.repaired)} were put right
            </>
          ) : (
            <>
              <strong>{formatNumber(c.open)}</strong> {c.open === 1 ? 'event' : 'events'} in quarantine
            </>
          )}
        </p>
        <Figures>
          <Figure name={`First seen (${tz})`}>
            <Time at={c.first_seen} zone={tz} />
          </Figure>
          <Figure name="Last seen">
            <Time at={c.last_seen} zone={tz} />
          </Figure>
          <Figure name="Put right">{formatNumber(c.repaired)}</Figure>
          {c.schema_id !== 0 && (
            <Figure name="Schema">
              <SchemaVersion id={c.schema_id} />
            </Figure>
          )}
          <Figure name="Code">
            <span className="mono">{c.code}</span>
          </Figure>
        </Figures>
      </section>
      <Repair key={c.id} details={details} />
      <CauseTrend cause={c} />
      <Senders senders={details.senders} />
      <Examples details={details} />
    </>
  )
}
