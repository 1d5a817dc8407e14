import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery } from '@tanstack/react-query'
import { CircleAlert, CircleCheck, LoaderCircle } from 'lucide-react'
import { useRunRetention, retentionRunsOptions, type RetentionRun } from '../../../api/lifecycle'
import { formatNumber, unknown } from '../../../numbers/format'
import { More } from '../../../parts/More'
import { Panel } from '../../../parts/Page'
import { ErrorNote, FormError, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { useView } from '../../../view/useView'
import classes from './Retention.module.css'
import { totalOf } from './WouldGo'

const stateIcons = { running: LoaderCircle, done: CircleCheck, failed: CircleAlert } as const
const stateNames: Record<RetentionRun['state'], string> = { running: 'Running', done: 'Done', failed: 'Failed' }

/** When it was applied, and what went. */
export function Runs() {
  const { tz } = useView()
  const answer = useInfiniteQuery(retentionRunsOptions)
  const run = useRunRetention()
  const runs = answer.data?.pages.flatMap((p) => p.runs)
  return (
    <Panel
      title="When it was applied"
      note="Every night (UTC), newest first."
      actions={
        <Button
          variant="default"
          loading={run.isPending}
          onClick={() =>
            run.mutate(undefined, { onSuccess: () => notifications.show({ message: 'It is being applied.' }) })
          }
        >
          Apply it now
        </Button>
      }
      flush
    >
      <FormError error={run.error} />
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : runs === undefined ? (
        <SkeletonRows rows={3} />
      ) : runs.length === 0 ? (
        <p className={`quiet ${classes.pad}`}>Not yet. It begins with the first night after something is published.</p>
      ) : (
        <>
          <TableScroll label="Runs">
            <table>
              <thead>
                <tr>
                  <th scope="col">Begun ({tz})</th>
                  <th scope="col">State</th>
                  <th scope="col" className="number">
                    Events gone
                  </th>
                  <th scope="col" className="number">
                    Properties taken out
                  </th>
                  <th scope="col" className="number">
                    Version
                  </th>
                  <th scope="col">Asked by</th>
                </tr>
              </thead>
              <tbody>
                {runs.map((r) => (
                  <Row key={r.id} run={r} />
                ))}
              </tbody>
            </table>
          </TableScroll>
          <More answer={answer}>Show older runs</More>
        </>
      )}
    </Panel>
  )
}

function Row({ run: r }: { run: RetentionRun }) {
  const { tz } = useView()
  const Icon = stateIcons[r.state]
  const count = (cut: boolean) =>
    r.state === 'running' ? unknown : formatNumber(totalOf(r.rules.filter((rule) => (rule.path !== null) === cut)))
  return (
    <tr>
      <td className={classes.nowrap}>
        <Time at={r.started_at} zone={tz} />
      </td>
      <td>
        <span className={classes.mark} data-state={r.state}>
          <Icon size={16} aria-hidden="true" />
          {stateNames[r.state]}
        </span>
        {r.error !== '' && <div className={classes.fault}>{r.error}</div>}
      </td>
      <td className="number">{count(false)}</td>
      <td className="number">{count(true)}</td>
      <td className="number">{r.policy_version}</td>
      <td>{r.asked_by === '' ? <span className="quiet">The night</span> : r.asked_by}</td>
    </tr>
  )
}
