import { Button } from '@mantine/core'
import { useState } from 'react'
import type { QualityCheck, QualityResult } from '../../api/quality'
import { formatNumber } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Quality.module.css'
import { Verdict } from './Verdict'
import { expectedText, valueText } from './words'

const page = 20

/** What a check found, the newest first, with the reason in words. */
export function Results({ check, results }: { check: QualityCheck; results: readonly QualityResult[] }) {
  const { tz } = useView()
  const [shown, setShown] = useState(page)
  const newest = [...results].reverse()
  return (
    <Panel title="Results" note="Newest first." flush>
      <TableScroll label="Results" className={classes.checks}>
        <table>
          <thead>
            <tr>
              <th scope="col">Up to ({tz})</th>
              <th scope="col">Verdict</th>
              <th scope="col" className="number">
                Found
              </th>
              <th scope="col" className="number">
                Expected
              </th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {newest.slice(0, shown).map((r) => (
              <tr key={r.at}>
                <td className={classes.time}>
                  <Time at={r.at} zone={tz} />
                </td>
                <td>
                  <Verdict verdict={r.verdict} />
                </td>
                <td className="number">{valueText(check.kind, r.value)}</td>
                <td className="number">{expectedText(check.kind, r)}</td>
                <td className={classes.why}>{r.explanation}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {newest.length > shown && (
        <div className={classes.more}>
          <Button variant="default" onClick={() => setShown(shown + 100)}>
            Show older results ({formatNumber(newest.length - shown)})
          </Button>
        </div>
      )}
    </Panel>
  )
}
