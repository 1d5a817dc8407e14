import type { PrivacyRequestDetails } from '../../api/privacy'
import { formatNumber } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Privacy.module.css'

/** How far each server had read when it began to turn the people away. */
export function BarrierPanel({ barrier: b }: { barrier: NonNullable<PrivacyRequestDetails['barrier']> }) {
  const { tz } = useView()
  return (
    <Panel title="The barrier" flush>
      <p className={`quiet ${classes.pad}`}>
        Servers write what they take in to a log of their own before it is stored. Here is how far each log had come
        when its server began to turn these people away. All of theirs lies before that point, and was stored before
        deleting began, whatever date an event claims. What was received until{' '}
        <Time at={b.received_before} zone={tz} exact /> {tz} is looked through.
      </p>
      <TableScroll label="The barrier" className={classes.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">Server</th>
              <th scope="col" className="number">
                Position
              </th>
              <th scope="col">Turned away since ({tz})</th>
            </tr>
          </thead>
          <tbody>
            {b.logs.map((l) => (
              <tr key={l.log}>
                <td>
                  <span title={l.log}>{l.host}</span>
                  {l.retired && <div className={classes.fault}>Never came back: what lies there was not reached</div>}
                </td>
                <td className="number">{formatNumber(l.end)}</td>
                <td className={classes.nowrap}>
                  <Time at={l.clock} zone={tz} exact />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
