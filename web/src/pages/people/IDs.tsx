import type { PersonIdentity } from '../../api/people'
import { formatNumber, unknown } from '../../numbers/format'
import { CopyText } from '../../parts/Copy'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { Kind } from './Kind'
import classes from './People.module.css'

/** The IDs that were found to be one person's. */
export function IDs({ ids }: { ids: readonly PersonIdentity[] }) {
  const { tz } = useView()
  return (
    <Panel
      title="IDs"
      note="A device belongs to the user who was first seen on it, and to no other. Users are joined by alias calls alone."
      flush
    >
      <TableScroll label="IDs" className={classes.ids}>
        <table>
          <thead>
            <tr>
              <th scope="col">ID</th>
              <th scope="col">Last seen ({tz})</th>
              <th scope="col" className="number">
                Events
              </th>
            </tr>
          </thead>
          <tbody>
            {ids.map((id) => (
              <tr key={id.id}>
                <td className={classes.idCell}>
                  <CopyText value={id.id} what="the ID" />
                  <div className={classes.kind}>
                    <Kind kind={id.kind} />,{' '}
                    {id.linked_at === null ? (
                      'known by it'
                    ) : (
                      <>
                        linked <Time at={id.linked_at} zone={tz} />
                      </>
                    )}
                  </div>
                </td>
                <td className={classes.time}>
                  {id.last_seen === null ? unknown : <Time at={id.last_seen} zone={tz} />}
                </td>
                <td className="number">{formatNumber(id.events)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
