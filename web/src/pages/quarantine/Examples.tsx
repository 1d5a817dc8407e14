import { Link } from 'react-router'
import type { CauseDetails } from '../../api/quarantine'
import { Panel } from '../../parts/Page'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { Payload } from './QuarantinedEvents'
import classes from './Quarantine.module.css'

/** The newest events of a cause, as they are kept. */
export function Examples({ details: { cause, examples } }: { details: CauseDetails }) {
  const { tz } = useView()
  const travel = useTravel()
  if (examples.length === 0) return null
  const list = travel('/data/quarantine/events')
  return (
    <Panel
      title="Examples"
      note="The newest that are in quarantine, as they are kept: redacted like every other event."
      actions={<Link to={`${list}${list.includes('?') ? '&' : '?'}cause=${cause.id}`}>All events of this cause</Link>}
    >
      {examples.slice(0, 5).map((e, i) => (
        <details key={`${e.receipt} ${e.index}`} className={classes.example} open={i === 0}>
          <summary>
            <span className="mono">{e.event_id === '' ? 'No ID' : e.event_id}</span>{' '}
            <span className="quiet">
              received <Time at={e.received_at} zone={tz} />
              {e.redactions.length > 0 && `, redacted by ${e.redactions.join(', ')}`}
            </span>
          </summary>
          <Payload event={e} />
        </details>
      ))}
    </Panel>
  )
}
