import { Skeleton, Switch } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import { previewOptions, type AlertPreview, type NewAlert } from '../../api/alerts'
import { Chart } from '../../charts/Chart'
import { plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatDuration, formatTime } from '../../time/format'
import { useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { previewChart } from './previewChart'
import { formatValue } from './words'

const days = 30

interface PreviewProps {
  /** Null while what is measured is not known. */
  rule: NewAlert | null
  /** What is missing before it can be said when the rule would have fired; until then only values are shown. */
  missing: string | null
}

/** When the rule would have fired: the same evaluation as live, over the values of the past. */
export function Preview({ rule, missing }: PreviewProps) {
  // Only what is judged matters, and nobody wants an answer for every key that is pressed.
  const key = JSON.stringify(rule && { ...rule, name: 'Preview', escalation_id: null, labels: {}, group: '' })
  const [settled] = useDebouncedValue(key, 400)
  const asked = useMemo(() => JSON.parse(settled) as NewAlert | null, [settled])
  const answer = useQuery({ ...previewOptions(asked, days), placeholderData: keepPreviousData })
  return (
    <Panel
      title={
        missing !== null
          ? `The past ${days} days`
          : answer.data && rule
            ? headline(answer.data)
            : 'When it would have fired'
      }
      note={
        missing !== null
          ? `${missing} Then you see when the rule would have fired.`
          : `The past ${days} days, evaluated as the rule would be. Silences do not count.`
      }
    >
      {rule === null ? (
        <Empty title="Not complete yet">The values of the past show here.</Empty>
      ) : answer.error ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : answer.data === undefined ? (
        <Skeleton height={260} radius="md" />
      ) : (
        <Shown
          preview={missing === null ? answer.data : { ...answer.data, firings: [] }}
          rule={asked ?? rule}
          busy={answer.isPlaceholderData}
        />
      )}
    </Panel>
  )
}

function headline(p: AlertPreview): string {
  return p.firings.length === 0
    ? 'It would not have fired'
    : `It would have fired ${p.firings.length === 1 ? 'once' : plural(p.firings.length, 'time')}`
}

function Shown({ preview, rule, busy }: { preview: AlertPreview; rule: NewAlert; busy: boolean }) {
  const { tz } = useView()
  const [table, setTable] = useState(false)
  const option = useCallback<Parameters<typeof Chart>[0]['option']>(
    (width, t) => previewChart(preview, rule, tz, width, t),
    [preview, rule, tz],
  )
  const known = preview.points.filter((p) => p.value !== null)
  return (
    <div aria-busy={busy}>
      {known.length === 0 ? (
        <Empty title="Nothing to measure in this time">
          There were no events of this kind. The rule can be saved all the same: it begins to watch as soon as there
          are.
        </Empty>
      ) : (
        <Chart
          option={option}
          height={260}
          label={`Chart of ${preview.points.length} values from ${formatTime(preview.from, tz)} to ${formatTime(preview.to, tz)}. ${rule.condition.kind === 'no_data' ? '' : `${headline(preview)}.`}`}
        />
      )}
      <div className={classes.previewFoot}>
        <span className="quiet">{plural(preview.ticks, 'tick')} evaluated.</span>
        {preview.firings.length > 0 && (
          <Switch size="xs" label="List them" checked={table} onChange={(e) => setTable(e.currentTarget.checked)} />
        )}
      </div>
      {table && preview.firings.length > 0 && (
        <TableScroll label="When it would have fired" className={classes.firings}>
          <table>
            <thead>
              <tr>
                <th scope="col">From ({tz})</th>
                <th scope="col">To</th>
                <th scope="col" className="number">
                  Lasted
                </th>
                <th scope="col" className="number">
                  Value
                </th>
              </tr>
            </thead>
            <tbody>
              {preview.firings.map((f) => (
                <tr key={f.from}>
                  <td>
                    <Time at={f.from} zone={tz} />
                  </td>
                  <td>{f.to === null ? 'It would still be firing' : <Time at={f.to} zone={tz} />}</td>
                  <td className="number">
                    {formatDuration((Date.parse(f.to ?? preview.to) - Date.parse(f.from)) / 1000)}
                    {f.flapping && <div className="quiet">flapping</div>}
                  </td>
                  <td className="number">
                    {formatValue(rule.measure.kind, preview.points.find((p) => p.tick >= f.from)?.value)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </div>
  )
}
