import { More } from '../../parts/More'
import { Button, Select, Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { ListChecks } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import { jobsOptions, jobsPage, type Job, type JobQueue, type JobState } from '../../api/jobs'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { formatRange } from '../../time/format'
import type { Range } from '../../time/range'
import { useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { Gantt } from './Gantt'
import { JobDrawer, useOpenJob } from './JobDrawer'
import { JobTable } from './JobTable'
import classes from './Work.module.css'
import { WorkPage } from './WorkPage'
import { kindName, queueNames, stateNames } from './words'

const lately: Range = { kind: 'preset', preset: '1h' }

/** What was done for this organization, when, and how every attempt at it went. */
export default function Runs() {
  const view = useView()
  const range = view.range ?? lately
  const filter = useFilter()
  const answer = useInfiniteQuery(jobsOptions({ range, zone: view.tz, ...filter.spec }))
  const jobs = answer.data?.pages.flatMap((p) => p.jobs)
  const open = useOpenJob()
  const now = useNow(answer.dataUpdatedAt)
  const period = answer.data?.pages[0]?.period
  return (
    <WorkPage
      title="Run history"
      lead="Every job that was done for you in the background, and how each attempt at it went. What fails is tried again; nothing is done twice."
      bar={
        <div className={classes.bar}>
          <ViewBar range={range} parts={['range']} />
          <Filters filter={filter} jobs={jobs ?? []} />
        </div>
      }
    >
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : jobs === undefined ? (
        <>
          <Skeleton height={260} radius="lg" />
          <SkeletonRows />
        </>
      ) : jobs.length === 0 ? (
        <Panel label="Jobs">
          <Nothing range={range} filtered={filter.active} onClear={filter.clear} />
        </Panel>
      ) : (
        <>
          <Panel
            title={<Count jobs={jobs} more={answer.hasNextPage} />}
            note={`Each bar is an attempt; click one for all about its job. ${formatRange(range, view.tz)}, ${view.tz}.`}
          >
            <Gantt jobs={jobs} to={Math.min(period?.to.getTime() ?? now, now)} zone={view.tz} onOpen={open.show} />
          </Panel>
          <Panel title="Jobs" note="Newest first." flush>
            <JobTable jobs={jobs} now={now} onOpen={open.show} />
            <More answer={answer}>Show {formatNumber(jobsPage)} older jobs</More>
          </Panel>
        </>
      )}
      <JobDrawer open={open} />
    </WorkPage>
  )
}

/** When the answer came, and then every second, so that what runs grows while one looks. */
function useNow(answered: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return Math.max(now, answered)
}

function Count({ jobs, more }: { jobs: readonly Job[]; more: boolean }) {
  const count = (state: JobState) => jobs.filter((j) => j.state === state).length
  const parts = (['running', 'waiting', 'paused', 'failed'] as const).flatMap((s) =>
    count(s) > 0 ? [`${formatNumber(count(s))} ${stateNames[s].toLowerCase()}`] : [],
  )
  return <>{[more ? `The newest ${plural(jobs.length, 'job')}` : plural(jobs.length, 'job'), ...parts].join(', ')}</>
}

interface Filter {
  spec: { kind: string | null; queue: JobQueue | null; states: JobState[] }
  active: boolean
  set: (name: 'kind' | 'queue' | 'state', value: string | null) => void
  clear: () => void
}

const isQueue = (text: string | null): text is JobQueue => text !== null && text in queueNames
const isState = (text: string | null): text is JobState => text !== null && text in stateNames

/** Which jobs are shown, in the address. */
function useFilter(): Filter {
  const [params, setParams] = useSearchParams()
  const [kind, queue, state] = [params.get('kind'), params.get('queue'), params.get('state')]
  const change = (changes: Record<string, string | null>) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name)
        else next.set(name, value)
      }
      return next
    })
  return {
    spec: { kind, queue: isQueue(queue) ? queue : null, states: isState(state) ? [state] : [] },
    active: kind !== null || queue !== null || state !== null,
    set: (name, value) => change({ [name]: value }),
    clear: () => change({ kind: null, queue: null, state: null }),
  }
}

function Filters({ filter, jobs }: { filter: Filter; jobs: readonly Job[] }) {
  const { kind, queue, states } = filter.spec
  const kinds = [...new Set([...jobs.map((j) => j.kind), ...(kind === null ? [] : [kind])])].sort()
  const options = (names: Record<string, string>) => Object.entries(names).map(([value, label]) => ({ value, label }))
  return (
    <div className={classes.filters}>
      <Select
        aria-label="Kind"
        placeholder="All kinds"
        data={kinds.map((k) => ({ value: k, label: kindName(k) }))}
        value={kind}
        onChange={(v) => filter.set('kind', v)}
        clearable
        clearButtonProps={{ 'aria-label': 'All kinds' }}
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      />
      <Select
        aria-label="State"
        placeholder="All states"
        data={options(stateNames)}
        value={states[0] ?? null}
        onChange={(v) => filter.set('state', v)}
        clearable
        clearButtonProps={{ 'aria-label': 'All states' }}
      />
      <Select
        aria-label="Queue"
        placeholder="All queues"
        data={options(queueNames)}
        value={queue}
        onChange={(v) => filter.set('queue', v)}
        clearable
        clearButtonProps={{ 'aria-label': 'All queues' }}
      />
    </div>
  )
}

function Nothing({ range, filtered, onClear }: { range: Range; filtered: boolean; onClear: () => void }) {
  const view = useView()
  return (
    <Empty
      title={filtered ? 'No such job' : 'No job in this time'}
      icon={<ListChecks size={36} strokeWidth={1.4} />}
      action={
        filtered ? (
          <Button variant="default" onClick={onClear}>
            Show all jobs
          </Button>
        ) : (
          <Button variant="default" onClick={() => view.change({ range: { kind: 'preset', preset: '7d' } })}>
            Show the last 7 days
          </Button>
        )
      }
    >
      {formatRange(range, view.tz)}. Jobs show here as soon as there is something to do: when events come in, their
      hours are added up; when you set a check or an alert, it is looked after.
    </Empty>
  )
}
