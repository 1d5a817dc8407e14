import type { PersonGroup } from '../../api/people'
import { Panel } from '../../parts/Page'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { shortValue } from './asOf'
import classes from './People.module.css'

/** What the person was said to belong to. */
export function Groups({ groups }: { groups: readonly PersonGroup[] }) {
  const { tz } = useView()
  return (
    <Panel title="Groups" note="From group calls, the latest first.">
      {groups.length === 0 ? (
        <p className={`quiet ${classes.none}`}>None: no event has put this person into a group.</p>
      ) : (
        <ul className={classes.groups}>
          {groups.map((g) => (
            <li key={g.group_id}>
              <strong className={classes.id}>{g.group_id}</strong>{' '}
              <span className="quiet">
                since <Time at={g.since} zone={tz} />
              </span>
              {Object.keys(g.traits).length > 0 && (
                <div className={classes.groupTraits}>
                  {Object.entries(g.traits).map(([key, value]) => (
                    <span key={key}>
                      <span className="quiet">{key}</span> {shortValue(value)}
                    </span>
                  ))}
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
