import { Button, Drawer, Progress, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Pause, Play, RotateCcw, SearchX, TriangleAlert } from 'lucide-react'
import { useCallback, type ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { isOpen, jobOptions, useActOnJob, type Job, type JobDetail } from '../../api/jobs'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, formatShare } from '../../numbers/format'
import { CodeBlock, CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Empty, ErrorNote } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatClock, formatSpan } from '../../time/format'
import { useView } from '../../view/useView'
import { JobStateName } from './JobStateName'
import { took, waited } from './spans'
import classes from './Work.module.css'
import { kindName, outcomeMeanings, outcomeNames, queueNames, stateMeaning, toneOf } from './words'

export interface OpenJob {
  id: string | null
  show: (id: string) => void
  close: () => void
}

/** Which job is looked at, in the address, so that it can be shared. */
export function useOpenJob(): OpenJob {
  const [params, setParams] = useSearchParams()
  const set = useCallback(
    (id: string | null) =>
      setParams((now) => {
        const next = new URLSearchParams(now)
        if (id === null) next.delete('job')
        else next.set('job', id)
        return next
      }),
    [setParams],
  )
  return { id: params.get('job'), show: set, close: () => set(null) }
}

/** All about one job. */
export function JobDrawer({ open }: { open: OpenJob }) {
  const { data, error, refetch, dataUpdatedAt } = useQuery({ ...jobOptions(open.id ?? ''), enabled: open.id !== null })
  return (
    <Drawer
      opened={open.id !== null}
      onClose={open.close}
      position="right"
      size="xl"
      title={data ? kindName(data.job.kind) : 'Job'}
    >
      {isApiError(error) && (error.status === 404 || error.status === 400) ? (
        <Empty title="No such job" icon={<SearchX size={36} strokeWidth={1.4} />}>
          There is no job with this ID in this organization, or its history is over: it is kept for 14 days.
        </Empty>
      ) : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data ? (
        <Detail detail={data} now={dataUpdatedAt} onOpen={open.show} />
      ) : (
        <Skeleton height={320} radius="lg" />
      )}
    </Drawer>
  )
}

interface DetailProps {
  detail: JobDetail
  /** When it was read, in milliseconds since 1970. */
  now: number
  onOpen: (id: string) => void
}

function Detail({ detail: { job: j, parent, children }, now, onOpen }: DetailProps) {
  const { tz } = useView()
  return (
    <div className={classes.detail}>
      <div>
        <p className={classes.headline}>
          <JobStateName job={j} bare />
        </p>
        <p className="quiet">{stateMeaning(j)}</p>
      </div>
      {j.error !== null && j.state !== 'done' && (
        <p className={classes.reason}>
          <TriangleAlert size={18} aria-hidden="true" />
          <span>
            {j.state === 'failed' ? '' : 'The last attempt: '}
            {j.error}
          </span>
        </p>
      )}
      <HowFar job={j} />
      <Acts job={j} />
      <Facts
        facts={[
          ['Kind', <code key="k">{j.kind}</code>],
          ['Queue', queueNames[j.queue]],
          ['Made', <Time key="c" at={j.created_at} zone={tz} exact />],
          ['By', j.created_by],
          ['Waited', formatSpan(waited(j, now))],
          ['Took', formatSpan(took(j, now))],
          ...(j.state === 'waiting' && Date.parse(j.run_at) > now
            ? ([['Not before', <Time key="r" at={j.run_at} zone={tz} />]] as const)
            : []),
          ...(j.deadline_at === null ? [] : ([['Deadline', <Time key="d" at={j.deadline_at} zone={tz} />]] as const)),
          ...(j.asked_at === null
            ? []
            : ([
                [
                  'Last asked',
                  <span key="a">
                    <Time at={j.asked_at} zone={tz} /> by {j.asked_by}
                  </span>,
                ],
              ] as const)),
          ['Times in', tz],
          ['Correlation ID', <Correlation key="x" id={j.correlation_id} asked={j.created_by !== 'system'} />],
          ['ID', <CopyText key="i" value={j.id} what="the job's ID" />],
        ]}
      />
      <section>
        <h3 className={classes.heading}>
          Attempts
          {j.attempts > j.tries.length && `, the newest ${formatNumber(j.tries.length)} of ${formatNumber(j.attempts)}`}
        </h3>
        <Attempts job={j} zone={tz} now={now} />
      </section>
      {Object.keys(j.params).length > 0 && (
        <section className={classes.params}>
          <h3 className={classes.heading}>Parameters</h3>
          <CodeBlock code={JSON.stringify(j.params, null, 2)} what="the parameters" wrap />
        </section>
      )}
      {parent && <Family title="Made by" jobs={[parent]} onOpen={onOpen} />}
      {children.length > 0 && <Family title="Made these" jobs={children} onOpen={onOpen} />}
    </div>
  )
}

/** Everything that one request caused has the same ID; what the system does by itself was caused by none. */
function Correlation({ id, asked }: { id: string; asked: boolean }) {
  const same = JSON.stringify({ property: 'correlation_id', operator: 'equals', value: id })
  return (
    <span className={classes.correlation}>
      <CopyText value={id} what="the correlation ID" />
      {asked && <Link to={`/explore/events?filters=${encodeURIComponent(same)}`}>Events of the same request</Link>}
    </span>
  )
}

function HowFar({ job: { progress: p, state } }: { job: Job }) {
  if (!p) return null
  const share = p.total !== null && p.total > 0 ? p.done / p.total : null
  return (
    <div>
      {share !== null && (
        <Progress
          className={classes.track}
          size="lg"
          radius="md"
          value={100 * share}
          color="aurora"
          animated={state === 'running'}
          aria-label="How far it is"
        />
      )}
      <p className={classes.pace}>
        <strong>{share === null ? formatNumber(p.done) : formatShare(share)}</strong>
        <span>
          {share !== null && `${formatNumber(p.done)} of ${formatNumber(p.total)}`}
          {p.note !== null && ` ${p.note}`}
        </span>
      </p>
    </div>
  )
}

function Acts({ job: j }: { job: Job }) {
  const me = useMe()
  const act = useActOnJob()
  if (!mayManage(me.role)) return null
  const rests = j.state === 'paused' || (j.state === 'running' && j.wanted === 'pause')
  const button = (a: Parameters<typeof act.mutate>[0]['act'], name: string, icon: ReactNode, main = false) => (
    <Button
      key={a}
      size="xs"
      {...(main ? {} : { variant: 'default' })}
      leftSection={icon}
      loading={act.isPending && act.variables.act === a}
      disabled={act.isPending || j.wanted === 'cancel'}
      onClick={() => act.mutate({ id: j.id, act: a })}
    >
      {name}
    </Button>
  )
  return (
    <>
      <div className={classes.acts}>
        {(j.state === 'failed' || j.state === 'cancelled') &&
          button('retry', 'Try again', <RotateCcw size={14} />, true)}
        {rests && button('resume', 'Resume', <Play size={14} />, true)}
        {isOpen(j) && !rests && j.queue === 'bulk' && button('pause', 'Pause', <Pause size={14} />)}
        {isOpen(j) && button('cancel', 'Cancel the job', null)}
      </div>
      {act.error && <ErrorNote error={act.error} meaning="Nothing was changed." />}
    </>
  )
}

function Attempts({ job: j, zone, now }: { job: Job; zone: string; now: number }) {
  if (j.tries.length === 0) return <p className="quiet">None has begun.</p>
  return (
    <TableScroll label="Attempts" className={classes.attempts}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="number">
              No.
            </th>
            <th scope="col">Outcome</th>
            <th scope="col">Began</th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col">Worker</th>
          </tr>
        </thead>
        <tbody>
          {[...j.tries].reverse().map((t) => (
            <tr key={t.attempt}>
              <td className="number">{formatNumber(t.attempt)}</td>
              <td>
                <span className={classes.outcome} data-tone={toneOf(t.outcome)} title={outcomeMeanings[t.outcome]}>
                  {outcomeNames[t.outcome]}
                </span>
                {t.error !== null && <div className={classes.error}>{t.error}</div>}
              </td>
              <td className={classes.nowrap}>
                <time dateTime={t.started_at} title={t.started_at}>
                  {formatClock(t.started_at, zone)}
                </time>
              </td>
              <td className="number">
                {formatSpan(((t.ended_at === null ? now : Date.parse(t.ended_at)) - Date.parse(t.started_at)) / 1000)}
              </td>
              <td className={`mono ${classes.worker}`} title={t.worker}>
                {t.worker}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function Family({ title, jobs, onOpen }: { title: string; jobs: readonly Job[]; onOpen: (id: string) => void }) {
  return (
    <section>
      <h3 className={classes.heading}>{title}</h3>
      <ul className={classes.family}>
        {jobs.map((j) => (
          <li key={j.id}>
            <button type="button" className={classes.open} onClick={() => onOpen(j.id)}>
              {kindName(j.kind)}
            </button>
            <JobStateName job={j} />
          </li>
        ))}
      </ul>
    </section>
  )
}
