import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ArrowLeft, SearchX } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { isOver, requestOptions, requestPeopleOptions, type PrivacyRequestDetails } from '../../api/privacy'
import { plural } from '../../numbers/format'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { More } from '../../parts/More'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { Acts } from './Acts'
import { BarrierPanel } from './BarrierPanel'
import { PeopleTable } from './Found'
import { Deadline, StateMark } from './Marks'
import { Places } from './Places'
import classes from './Privacy.module.css'
import { PrivacyPage } from './PrivacyPage'
import { Proof } from './Proof'
import { Timeline } from './Timeline'
import { Way } from './Way'
import { originNames, requestTitle } from './words'

/** One request: how far it is and why, what each place held, who did what, and the proof. */
export default function RequestPage() {
  const { request: id = '' } = useParams()
  const { data, error, refetch } = useQuery(requestOptions(id))
  const travel = useTravel()
  const begun = data !== undefined && data.copies.length > 0
  const named = data !== undefined && !isOver(data) && data.type !== 'offboard'
  return (
    <PrivacyPage
      title={data ? requestTitle(data) : 'Request'}
      under="/privacy"
      lead={
        <Link to={travel('/privacy')} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> All requests
        </Link>
      }
      actions={data && <Acts request={data} />}
    >
      {isApiError(error) && (error.status === 404 || error.status === 400) ? (
        <Panel label="Request">
          <Empty
            title="No such request"
            icon={<SearchX size={36} strokeWidth={1.4} />}
            action={
              <Button component={Link} to={travel('/privacy')} variant="default">
                All requests
              </Button>
            }
          >
            There is no request with this ID in this organization.
          </Empty>
        </Panel>
      ) : error && !data ? (
        <ErrorNote error={error} meaning="The request itself goes on." retry={() => void refetch()} />
      ) : data === undefined ? (
        <Panel label="Request">
          <SkeletonRows rows={10} />
        </Panel>
      ) : (
        <>
          <Way request={data} />
          <Proof request={data} />
          <div className={classes.columns}>
            <div className={classes.column}>
              {begun || !named ? <Places request={data} /> : <People request={data} />}
              {data.barrier && <BarrierPanel barrier={data.barrier} />}
            </div>
            <div className={classes.column}>
              <InShort request={data} />
              <Timeline entries={data.timeline} />
            </div>
          </div>
          {begun && named && <People request={data} />}
        </>
      )}
    </PrivacyPage>
  )
}

function InShort({ request: r }: { request: PrivacyRequestDetails }) {
  const { tz } = useView()
  return (
    <Panel title="In short">
      <Facts
        facts={[
          ['State', <StateMark key="s" request={r} />],
          ['Deadline', <Deadline key="d" request={r} />],
          ...(r.extension_reason === null ? [] : [['Moved because', r.extension_reason] as const]),
          [
            'Filed',
            <span key="f">
              <Time at={r.filed_at} zone={tz} /> {tz}
              <div className="quiet">
                {r.filed_by === '' || r.origin === 'form' ? '' : `${r.filed_by}, `}
                {originNames[r.origin]}
              </div>
            </span>,
          ],
          ...(r.approved_at === null || r.approved_by === r.filed_by
            ? []
            : [
                [
                  'Approved',
                  <span key="a">
                    <Time at={r.approved_at} zone={tz} />
                    <div className="quiet">{r.approved_by}</div>
                  </span>,
                ] as const,
              ]),
          ...(r.ended_at === null ? [] : [['Ended', <Time key="e" at={r.ended_at} zone={tz} />] as const]),
          ...(r.note === '' ? [] : [['Note', r.note] as const]),
          ...(r.type === 'erase'
            ? [['Afterwards', r.suppress ? 'Nothing new of them is stored' : 'They start empty'] as const]
            : []),
          ['ID', <CopyText key="i" value={r.id} what="the request's ID" />],
        ]}
      />
    </Panel>
  )
}

function People({ request }: { request: PrivacyRequestDetails }) {
  const answer = useInfiniteQuery(requestPeopleOptions(request))
  const people = answer.data?.pages.flatMap((p) => p.people)
  return (
    <Panel
      title={people?.length ? `Who it is about: ${plural(people.length, 'person', 'people')} shown` : 'Who it is about'}
      note="Kept locked away, and only until the request is over: afterwards nobody knows any more."
      flush
    >
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : people === undefined ? (
        <SkeletonRows rows={3} />
      ) : people.length === 0 ? (
        <p className={`quiet ${classes.pad}`}>Nobody is listed any more.</p>
      ) : (
        <>
          <PeopleTable people={people} label="Who it is about" resolved={request.resolved} />
          <More answer={answer}>Show more people</More>
        </>
      )}
    </Panel>
  )
}
