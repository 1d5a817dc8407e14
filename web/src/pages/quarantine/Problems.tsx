import type { ReplayProblem } from '../../api/replays'
import { formatNumber } from '../../numbers/format'
import { Prose } from '../../parts/Prose'
import { TableScroll } from '../../parts/TableScroll'

/** Why events do not fit the rules, the most frequent first. */
export function Problems({ problems }: { problems: readonly ReplayProblem[] }) {
  return (
    <TableScroll label="Why events do not fit">
      <table>
        <thead>
          <tr>
            <th scope="col" className="number">
              Events
            </th>
            <th scope="col">Where</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {problems.map((p) => (
            <tr key={`${p.code} ${p.path} ${p.message}`}>
              <td className="number">{formatNumber(p.events)}</td>
              <td className="mono">{p.path === '' ? <span className="quiet">the event</span> : p.path}</td>
              <td>
                <Prose>{p.message}</Prose> <code className="mono quiet">{p.code}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
