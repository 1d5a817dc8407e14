import { More } from '../../parts/More'
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { CircleCheck, RotateCcw } from 'lucide-react'
import { jobsOptions, useActOnJob, type Job } from '../../api/jobs'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { JobDrawer, useOpenJob } from './JobDrawer'
import classes from './Work.module.css'
import { WorkPage } from './WorkPage'
import { kindHasWords, kindName } from './words'

/** What has failed for good and waits for somebody to try it again. */
export default function Failed() {
  const { tz } = useView()
  const answer = useInfiniteQuery(jobsOptions({ zone: tz, states: ['failed'] }))
  const jobs = answer.data?.pages.flatMap((p) => p.jobs)
  const open = useOpenJob()
  return (
    <WorkPage
      title="Failed"
      lead="Jobs that failed as often as they may, and are not tried again by themselves. Trying one again does nothing twice."
    >
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : jobs === undefined ? (
        <SkeletonRows />
      ) : jobs.length === 0 ? (
        <Panel label="Failed jobs">
          <Empty title="Nothing has failed" icon={<CircleCheck size={36} strokeWidth={1.4} />}>
            Within the last 14 days every job has ended well, or is still tried again by itself. One that fails for good
            shows here with its reason.
          </Empty>
        </Panel>
      ) : (
        <>
          <Panel label="How many">
            <Sentence attention>
              {plural(jobs.length, 'job')}
              {answer.hasNextPage && ' and more'} {jobs.length === 1 ? 'has' : 'have'} failed
            </Sentence>
            <p className={classes.means}>
              Nothing is lost: what they did stays so, and what they did not do is done when they are tried again.
            </p>
          </Panel>
          <Panel title="Failed jobs" note={`Newest first. Times in ${tz}.`} flush>
            <FailedTable jobs={jobs} onOpen={open.show} />
            <More answer={answer}>Show older jobs</More>
          </Panel>
        </>
      )}
      <JobDrawer open={open} />
    </WorkPage>
  )
}

function FailedTable({ jobs, onOpen }: { jobs: readonly Job[]; onOpen: (id: string) => void }) {
  const { tz } = useView()
  const me = useMe()
  return (
    <TableScroll label="Failed jobs">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Why</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col">Failed</th>
            {mayManage(me.role) && <th scope="col">Do</th>}
          </tr>
        </thead>
        <tbody>
          {jobs.map((j) => (
            <tr key={j.id}>
              <td className={classes.job}>
                <button type="button" className={classes.open} onClick={() => onOpen(j.id)}>
                  {kindName(j.kind)}
                </button>
                {kindHasWords(j.kind) && <div className={classes.kind}>{j.kind}</div>}
              </td>
              <td className={classes.why}>{j.error ?? 'It did not say why.'}</td>
              <td className="number">{formatNumber(j.attempts)}</td>
              <td className={classes.nowrap}>{j.ended_at !== null && <Time at={j.ended_at} zone={tz} />}</td>
              {mayManage(me.role) && (
                <td>
                  <TryAgain job={j} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function TryAgain({ job }: { job: Job }) {
  const act = useActOnJob()
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<RotateCcw size={14} />}
        loading={act.isPending}
        aria-label={`Try again: ${kindName(job.kind)}`}
        onClick={() => act.mutate({ id: job.id, act: 'retry' })}
      >
        Try again
      </Button>
      {act.error && <ErrorNote error={act.error} meaning="Nothing was changed." />}
    </>
  )
}
