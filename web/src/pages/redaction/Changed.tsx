import { CircleCheck, Scissors } from 'lucide-react'
import type { RehearsalReport } from '../../api/types'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { Meter } from '../../parts/Meter'
import { TableScroll } from '../../parts/TableScroll'
import { Examples } from '../../rehearsal/Report'
import report from '../../rehearsal/Rehearsal.module.css'
import classes from './Redaction.module.css'
import type { Rules } from './rules'
import { actionWords } from './words'

/** What rules would have taken out of stored events: of how many, which rule of how many, and examples before and after. */
export function Changed({ report: r, rules }: { report: RehearsalReport; rules: Rules }) {
  if (r.events === 0) {
    return (
      <p className="quiet">
        No event is stored yet, so there is nothing to try the rules on. Send one, then try again.
      </p>
    )
  }
  const touched = r.events - r.passed
  return (
    <div className={report.report}>
      <p className={report.verdict} data-fine="true" role="status">
        {touched === 0 ? <CircleCheck size={20} aria-hidden="true" /> : <Scissors size={20} aria-hidden="true" />}
        <span>
          {touched === 0 ? (
            <>
              <strong>Nothing would change.</strong> The newest {plural(r.events, 'event')} would be stored as they are
              now.
            </>
          ) : (
            <>
              <strong>
                {formatNumber(touched)} of {plural(r.events, 'event')}
              </strong>{' '}
              ({formatShare(touched / r.events)}) would be stored otherwise than they are now.
            </>
          )}
        </span>
      </p>
      <section>
        <h3 className={report.heading}>By rule</h3>
        <TableScroll label="By rule">
          <table>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col">What it does</th>
                <th scope="col" className={classes.counts}>
                  Events that it changes something in
                </th>
              </tr>
            </thead>
            <tbody>
              {rules.rules.map((rule) => {
                const events = r.by_rule.find((b) => b.rule === rule.name)?.events ?? 0
                return (
                  <tr key={rule.name}>
                    <td className="mono">{rule.name}</td>
                    <td>{actionWords(rule)}</td>
                    <td className={events === 0 ? `quiet ${classes.counts}` : classes.counts}>
                      <Meter share={events / r.events} tone="accent" />
                      {formatNumber(events)}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </TableScroll>
      </section>
      {r.examples.length > 0 && <Examples report={r} />}
    </div>
  )
}
