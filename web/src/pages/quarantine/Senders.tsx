import { useQuery } from '@tanstack/react-query'
import type { CauseSender } from '../../api/quarantine'
import { sourcesOptions } from '../../api/queries'
import { formatNumber, formatShare } from '../../numbers/format'
import { Meter } from '../../parts/Meter'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Quarantine.module.css'

/** Who sent the events of a cause, so that one knows what to have corrected. */
export function Senders({ senders }: { senders: readonly CauseSender[] }) {
  const { tz } = useView()
  const { data: sources = [] } = useQuery(sourcesOptions)
  const all = senders.reduce((sum, s) => sum + s.events, 0)
  return (
    <Panel title="Senders" note="By library, its version and source; those that were put right since included." flush>
      <TableScroll label="Senders">
        <table>
          <thead>
            <tr>
              <th scope="col">Library</th>
              <th scope="col">Version</th>
              <th scope="col">Source</th>
              <th scope="col" className="number">
                Events
              </th>
              <th scope="col" className={classes.barCell}>
                Share
              </th>
              <th scope="col">Last seen ({tz})</th>
            </tr>
          </thead>
          <tbody>
            {senders.map((s) => (
              <tr key={`${s.sdk_name} ${s.sdk_version} ${s.source_id}`}>
                <td className="mono">{s.sdk_name === '' ? <span className="quiet">not told</span> : s.sdk_name}</td>
                <td className="mono">{s.sdk_version === '' ? '–' : s.sdk_version}</td>
                <td>{sources.find((known) => known.id === s.source_id)?.name ?? s.source_id}</td>
                <td className="number">{formatNumber(s.events)}</td>
                <td className={classes.barCell}>
                  <Meter share={s.events / Math.max(1, all)} tone="attention" />
                  {formatShare(s.events / Math.max(1, all))}
                </td>
                <td className={classes.time}>
                  <Time at={s.last_seen} zone={tz} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
