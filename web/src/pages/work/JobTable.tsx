import type { Job } from '../../api/jobs'
import { formatNumber } from '../../numbers/format'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatSpan } from '../../time/format'
import { useView } from '../../view/useView'
import { JobStateName } from './JobStateName'
import { took, waited } from './spans'
import classes from './Work.module.css'
import { kindHasWords, kindName } from './words'

/** Jobs, a line for each. */
export function JobTable({ jobs, now, onOpen }: { jobs: readonly Job[]; now: number; onOpen: (id: string) => void }) {
  const { tz } = useView()
  return (
    <TableScroll label="Jobs">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col" className="number">
              Waited
            </th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col">Made ({tz})</th>
            <th scope="col">By</th>
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
                {j.error !== null && j.state !== 'done' && <div className={classes.error}>{j.error}</div>}
              </td>
              <td className={classes.nowrap}>
                <JobStateName job={j} />
              </td>
              <td className={`number ${j.attempts <= 1 ? 'quiet' : ''}`}>{formatNumber(j.attempts)}</td>
              <td className="number">{formatSpan(waited(j, now))}</td>
              <td className="number">{formatSpan(took(j, now))}</td>
              <td className={classes.nowrap}>
                <Time at={j.created_at} zone={tz} />
              </td>
              <td className={classes.by}>{j.created_by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
