import { Link } from 'react-router'
import type { PersonProfile } from '../../api/people'
import { Panel } from '../../parts/Page'
import { Empty } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { shortValue } from './asOf'
import classes from './People.module.css'

/** What is known about the person. */
export function Traits({ person }: { person: PersonProfile }) {
  const { tz } = useView()
  return (
    <Panel title="Traits" note="From identify calls. Of each trait the last word counts." flush>
      {person.traits.length === 0 ? (
        <Empty title="No traits">
          Send <code>identify</code> with a name, a plan, or whatever tells your users apart.
        </Empty>
      ) : (
        <TableScroll label="Traits" className={classes.traits}>
          <table>
            <thead>
              <tr>
                <th scope="col">Trait</th>
                <th scope="col">Value</th>
                <th scope="col">Last said ({tz})</th>
              </tr>
            </thead>
            <tbody>
              {person.traits.map((t) => (
                <tr key={t.key}>
                  <th scope="row">{t.key}</th>
                  <td className={classes.value}>{shortValue(t.value)}</td>
                  <td className={classes.time}>
                    <Link to={`/events/${encodeURIComponent(t.event_id)}`}>
                      <Time at={t.at} zone={tz} />
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Panel>
  )
}
