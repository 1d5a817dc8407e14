import { Button, Progress } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Ban, CircleCheck, CircleX, History, Pause, Play, TriangleAlert } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { Link } from 'react-router'
import { isOpen, replayOptions, useActOnReplay, type Replay } from '../../api/replays'
import type { Cause } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { Figure, Figures } from '../../parts/Figures'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { Time } from '../../parts/Time'
import { formatDuration } from '../../time/format'
import { useTravel, useView } from '../../view/useView'
import { Problems } from './Problems'
import classes from './Quarantine.module.css'
import { countsOf, replayKinds, stateMeanings, stateNames } from './words'

interface Props {
  replay: Replay
  /** The cause that it repairs, where that is known: it tells which hours of the ledger have moved. */
  what?: Pick<Cause, 'first_seen' | 'last_seen'> | undefined
  /** Whether this is the page of the replay itself. */
  own?: boolean
}

/** How far a replay is, and what came of it. */
export function Replaying({ replay: known, what, own = false }: Props) {
  const { data: r = known, error } = useQuery(replayOptions(known.id))
  const { tz } = useView()
  useRefreshAtEnd(r)
  const open = isOpen(r)
  return (
    <Panel
      title={
        <span className={classes.state} data-state={r.state}>
          <StateIcon replay={r} /> {replayKinds[r.kind]}: {stateNames[r.state].toLowerCase()}
        </span>
      }
      note={
        open ? (
          stateMeanings[r.state]
        ) : (
          <>
            {r.ended_at !== null && <Time at={r.ended_at} zone={tz} />} {tz}, by {r.created_by}.{' '}
            {stateMeanings[r.state]}
          </>
        )
      }
      actions={open && <Acts replay={r} />}
    >
      <div className={classes.progress}>
        {open && <Bar replay={r} />}
        {r.state === 'done' && <Outcome replay={r} />}
        {r.error !== null && (
          <ErrorNote error={new Error(r.error)} meaning="Nothing was lost: start another when it is put right." />
        )}
        {error && <ErrorNote error={error} meaning="The replay goes on; only this page does not know how far it is." />}
        <Figures large>
          {countsOf(r).map(([name, n, meaning]) => (
            <Figure key={name} name={name} meaning={meaning} quiet={n === 0}>
              {formatNumber(n)}
            </Figure>
          ))}
        </Figures>
        {r.problems.length > 0 && (!open || own) && <Problems problems={r.problems} />}
        <Onward replay={r} what={what} own={own} />
      </div>
    </Panel>
  )
}

/** What the numbers of other pages are made of has changed. */
function useRefreshAtEnd(r: Replay) {
  const client = useQueryClient()
  const was = useRef(isOpen(r))
  useEffect(() => {
    const ended = was.current && !isOpen(r)
    was.current = isOpen(r)
    if (!ended) return
    const other = ['causes', 'cause', 'quarantined', 'ledger', 'catalog', 'trend', 'replays']
    void Promise.all(other.map((key) => client.invalidateQueries({ queryKey: [key] })))
  }, [client, r])
}

function StateIcon({ replay: r }: { replay: Replay }) {
  const size = { size: 18, 'aria-hidden': true } as const
  switch (r.state) {
    case 'done':
      return r.counts.still_quarantined > 0 ? <TriangleAlert {...size} /> : <CircleCheck {...size} />
    case 'failed':
      return <CircleX {...size} />
    case 'cancelled':
    case 'cancelling':
      return <Ban {...size} />
    case 'paused':
    case 'pausing':
      return <Pause {...size} />
    case 'waiting':
    case 'running':
      return <History {...size} />
  }
}

function Bar({ replay: r }: { replay: Replay }) {
  const { counts: c } = r
  return (
    <div>
      <Progress
        className={classes.track}
        size="lg"
        radius="md"
        value={100 * r.progress}
        aria-label="Events that had their turn"
        color="aurora"
        animated={r.state === 'running'}
      />
      <p className={classes.pace}>
        <strong>{c.found === 0 ? stateNames[r.state] : formatShare(r.progress)}</strong>
        <span>
          {c.found > 0 && `${formatNumber(c.looked_at)} of ${plural(c.found, 'event')}`}
          {r.per_second > 0 && `, ${formatNumber(Math.round(r.per_second))} a second`}
          {r.seconds_left !== null && `, about ${formatDuration(Math.max(1, r.seconds_left))} left`}
        </span>
      </p>
    </div>
  )
}

function Outcome({ replay: { kind, counts: c } }: { replay: Replay }) {
  if (kind === 'history') {
    return (
      <p className={classes.means} role="status">
        {c.stored === 0
          ? 'The rules make of every event what is stored already.'
          : `${plural(c.stored, 'event')} ${c.stored === 1 ? 'is' : 'are'} stored as the rules say now.`}{' '}
        IDs, times and receipts are as before.
      </p>
    )
  }
  const put = c.stored + c.duplicate
  return (
    <p className={classes.means} role="status">
      {put === 0 ? 'None was' : <strong>{`${plural(put, 'event')} ${put === 1 ? 'was' : 'were'}`}</strong>} put right
      {put > 0 && ', with the ID and time that they always had: in every number, once'}.{' '}
      {c.still_quarantined > 0 &&
        `${plural(c.still_quarantined, 'event')} still ${c.still_quarantined === 1 ? 'does' : 'do'} not fit, and ${c.still_quarantined === 1 ? 'stays' : 'stay'} in quarantine.`}
    </p>
  )
}

function Acts({ replay: r }: { replay: Replay }) {
  const me = useMe()
  const act = useActOnReplay(r.id)
  if (!mayManage(me.role)) return null
  const rests = r.state === 'paused' || r.state === 'pausing'
  const ending = r.state === 'cancelling'
  return (
    <>
      {rests ? (
        <Button size="xs" leftSection={<Play size={14} />} loading={act.isPending} onClick={() => act.mutate('resume')}>
          Resume
        </Button>
      ) : (
        <Button
          size="xs"
          variant="default"
          leftSection={<Pause size={14} />}
          disabled={ending || act.isPending}
          onClick={() => act.mutate('pause')}
        >
          Pause
        </Button>
      )}
      <Button size="xs" variant="default" disabled={ending || act.isPending} onClick={() => act.mutate('cancel')}>
        Cancel the replay
      </Button>
    </>
  )
}

const hourMs = 3_600_000

/** Where to look next. */
function Onward({ replay: r, what, own }: Props) {
  const travel = useTravel()
  const hours =
    what &&
    new URLSearchParams({
      from: new Date(Math.floor(Date.parse(what.first_seen) / hourMs) * hourMs).toISOString(),
      to: new Date((Math.floor(Date.parse(what.last_seen) / hourMs) + 1) * hourMs).toISOString(),
    }).toString()
  return (
    <p className={classes.links}>
      {hours !== undefined && <Link to={`/data/delivery?${hours}`}>See these hours in the ledger</Link>}
      {own !== true && <Link to={travel(`/data/quarantine/replays/${r.id}`)}>This replay</Link>}
      {own === true && r.cause !== undefined && <Link to={travel(`/data/quarantine/${r.cause}`)}>Its cause</Link>}
    </p>
  )
}
