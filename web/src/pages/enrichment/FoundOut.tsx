import { CircleCheck, Telescope } from 'lucide-react'
import type { RehearsalReport } from '../../api/types'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { Examples } from '../../rehearsal/Report'
import classes from '../../rehearsal/Rehearsal.module.css'

/** What steps would have found out about stored events: about how many something else, and examples before and after. */
export function FoundOut({ report: r }: { report: RehearsalReport }) {
  if (r.events === 0) {
    return <p className="quiet">No event is stored yet, so there is nothing to try the steps on.</p>
  }
  const changed = r.events - r.passed
  return (
    <div className={classes.report}>
      <p className={classes.verdict} data-fine="true" role="status">
        {changed === 0 ? <CircleCheck size={20} aria-hidden="true" /> : <Telescope size={20} aria-hidden="true" />}
        <span>
          {changed === 0 ? (
            <>
              <strong>Nothing would change</strong> for the newest {plural(r.events, 'event')}.
            </>
          ) : (
            <>
              About{' '}
              <strong>
                {formatNumber(changed)} of {plural(r.events, 'event')}
              </strong>{' '}
              ({formatShare(changed / r.events)}) something else would be kept. Addresses and user agents that are not
              stored cannot be looked at again.
            </>
          )}
        </span>
      </p>
      {r.examples.length > 0 && <Examples report={r} />}
    </div>
  )
}
