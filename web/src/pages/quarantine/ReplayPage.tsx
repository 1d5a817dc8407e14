import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowLeft, SearchX } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { causeOptions } from '../../api/quarantine'
import { replayOptions, type Replay } from '../../api/replays'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Prose } from '../../parts/Prose'
import { Empty, ErrorNote } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { describeStep } from './mapping'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'
import { Replaying } from './Replaying'
import { replayTitle } from './Replays'

/** One replay: how far it is or what came of it, and what was asked for. */
export default function ReplayPage() {
  const { replay = '' } = useParams()
  const { tz } = useView()
  const { data, error, refetch } = useQuery(replayOptions(replay))
  const cause = useQuery({ ...causeOptions(data?.cause ?? ''), enabled: data?.cause !== undefined }).data?.cause
  const travel = useTravel()
  return (
    <QuarantineFrame
      title={data ? replayTitle(data, cause, tz) : 'Replay'}
      lead={
        <Link to={travel('/data/quarantine/replays')} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> All replays
        </Link>
      }
    >
      {isApiError(error) && (error.status === 404 || error.status === 400) ? (
        <Panel label="Replay">
          <Empty
            title="No such replay"
            icon={<SearchX size={36} strokeWidth={1.4} />}
            action={
              <Button component={Link} to="/data/quarantine/replays" variant="default">
                All replays
              </Button>
            }
          >
            There is no replay with this ID in this organization.
          </Empty>
        </Panel>
      ) : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data ? (
        <>
          <Replaying replay={data} what={cause} own />
          <Asked replay={data} />
        </>
      ) : (
        <Skeleton height={320} radius="lg" />
      )}
    </QuarantineFrame>
  )
}

function Asked({ replay: r }: { replay: Replay }) {
  const { tz } = useView()
  return (
    <Panel title="What was asked for">
      {r.kind === 'repair' &&
        (r.mapping.length === 0 ? (
          <p>No mapping: the events were held against the rules as they were then.</p>
        ) : (
          <ol className={classes.asked}>
            {r.mapping.map((s, i) => (
              <li key={i}>
                <Prose>{describeStep(s)}</Prose>
              </li>
            ))}
          </ol>
        ))}
      <Facts
        facts={[
          ...(r.kind === 'history'
            ? ([
                ['From', r.from && <Time key="f" at={r.from} zone={tz} />],
                ['To', r.to && <Time key="t" at={r.to} zone={tz} />],
                ['Events', r.events.length === 0 ? 'All' : r.events.join(', ')],
              ] as const)
            : []),
          ['By', r.created_by],
          ['Asked for', <Time key="c" at={r.created_at} zone={tz} />],
          ['Begun', r.started_at && <Time key="s" at={r.started_at} zone={tz} />],
          ['Ended', r.ended_at && <Time key="e" at={r.ended_at} zone={tz} />],
          ['ID', <CopyText key="i" value={r.id} what="the replay's ID" />],
        ]}
      />
    </Panel>
  )
}
