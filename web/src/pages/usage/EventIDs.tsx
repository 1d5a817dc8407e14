import { Link } from 'react-router'
import { plural } from '../../numbers/format'
import classes from './Usage.module.css'

/** Events that were counted, as ways to them. */
export function EventIDs({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) {
    return (
      <p className="quiet">
        No event of this hour is stored any more, or this is nothing that single events make: what was counted stays
        counted.
      </p>
    )
  }
  return (
    <div className={classes.sample}>
      <span className="quiet">A sample of {plural(ids.length, 'event')} that were counted:</span>
      <ul className={classes.ids}>
        {ids.map((id) => (
          <li key={id}>
            <Link to={`/events/${encodeURIComponent(id)}`} className="mono">
              {id}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}
