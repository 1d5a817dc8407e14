import { ActionIcon, Menu, SegmentedControl, Tooltip } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { Download } from 'lucide-react'
import { useCallback, useRef, useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { Panel } from '../parts/Page'
import { TableScroll } from '../parts/TableScroll'
import { formatBucket, formatTime } from '../time/format'
import type { Interval } from '../time/range'
import { Chart, type ChartHandle } from './Chart'
import classes from './ChartPanel.module.css'
import { fileName, saveDataUrl, saveText, toCsv } from './download'
import { bucketsOf, summary, type Annotation, type ChartSeries } from './model'
import { namesLines, timeChart, type TimeChartInput } from './timeChart'

interface ChartPanelProps {
  lead?: ReactNode
  title: string
  note?: ReactNode
  series: readonly ChartSeries[]
  interval: Interval
  zone: string
  kind: TimeChartInput['kind']
  format: (n: number | null) => string
  fromZero?: boolean
  height?: number
  group?: string
  /** What happened meanwhile. */
  annotations?: readonly Annotation[]
  /** Words of the names of downloaded files. */
  file: readonly string[]
  shows?: 'chart' | 'table'
  onShow?: (shows: 'chart' | 'table') => void
  extra?: ReactNode
  footer?: ReactNode
  onPick?: (index: number) => void
  onZoom?: (first: number, last: number) => void
}

/** A chart with what every chart has: its table, CSV and PNG, and a legend where it has several series. */
export function ChartPanel(props: ChartPanelProps) {
  const {
    lead,
    title,
    note,
    series,
    interval,
    zone,
    kind,
    format,
    fromZero = true,
    height = 320,
    group,
    annotations,
    file,
    extra,
    footer,
    onPick,
    onZoom,
  } = props
  const [own, setOwn] = useState<'chart' | 'table'>('chart')
  const shows = props.shows ?? own
  const chart = useRef<ChartHandle>(null)
  const { ref: box, width } = useElementSize()
  const option = useCallback<Parameters<typeof Chart>[0]['option']>(
    (width, t) =>
      timeChart({ series, interval, zone, kind, format, fromZero, annotations: annotations ?? [] }, width, t),
    [series, interval, zone, kind, format, fromZero, annotations],
  )
  const main = series.filter((s) => s.quiet !== true)
  const saveCsv = () => saveText(fileName(file, 'csv'), csv(series, interval, zone))
  const savePng = () => {
    const picture = chart.current?.picture()
    if (picture) saveDataUrl(fileName(file, 'png'), picture)
  }
  return (
    <Panel
      lead={lead}
      title={title}
      note={note}
      actions={
        <>
          {extra}
          <SegmentedControl
            size="xs"
            value={shows}
            onChange={(v) => (props.onShow ?? setOwn)(v)}
            data={[
              { value: 'chart', label: 'Chart' },
              { value: 'table', label: 'Table' },
            ]}
            aria-label={`${title}: chart or table`}
          />
          <Menu position="bottom-end">
            <Menu.Target>
              <Tooltip label="Download">
                <ActionIcon aria-label={`Download ${title}`}>
                  <Download size={17} />
                </ActionIcon>
              </Tooltip>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={saveCsv}>Table (CSV)</Menu.Item>
              <Menu.Item onClick={savePng} disabled={shows !== 'chart'}>
                Picture (PNG)
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      {shows === 'chart' ? (
        <div ref={box}>
          <Chart
            ref={chart}
            option={option}
            height={height}
            label={summary(series, format, (at) => formatBucket(at, interval, zone))}
            onPick={onPick}
            onZoom={onZoom}
            {...(group === undefined ? {} : { group })}
          />
          {main.length > 1 && !namesLines({ series, kind }, width) && <Legend series={main} />}
        </div>
      ) : (
        <SeriesTable {...{ series, interval, zone, format, onPick }} title={title} />
      )}
      <Happened annotations={annotations ?? []} points={main[0]?.points ?? []} zone={zone} />
      {footer}
    </Panel>
  )
}

/** What happened meanwhile, in words: the marks of a canvas cannot be followed. */
function Happened({
  annotations,
  points,
  zone,
}: {
  annotations: readonly Annotation[]
  points: ChartSeries['points']
  zone: string
}) {
  const shown = annotations.filter((a) => bucketsOf(a, points) !== null)
  if (shown.length === 0) return null
  return (
    <ul className={classes.happened} aria-label="Incidents in this time">
      <li className="quiet" aria-hidden="true">
        {shown.length === 1 ? 'Incident' : 'Incidents'}
      </li>
      {shown.slice(0, 5).map((a) => (
        <li key={a.id} data-severe={a.severe}>
          <Link to={a.href}>{a.title}</Link> <span className="quiet">{formatTime(a.from, zone)}</span>
        </li>
      ))}
      {shown.length > 5 && <li className="quiet">and {shown.length - 5} more</li>}
    </ul>
  )
}

function Legend({ series }: { series: readonly ChartSeries[] }) {
  return (
    <ul className={classes.legend}>
      {series.map((s) => (
        <li key={s.name}>
          <i style={{ background: s.color }} aria-hidden="true" />
          {s.name}
        </li>
      ))}
    </ul>
  )
}

interface SeriesTableProps {
  title: string
  series: readonly ChartSeries[]
  interval: Interval
  zone: string
  format: (n: number | null) => string
  onPick?: ((index: number) => void) | undefined
}

function SeriesTable({ title, series, interval, zone, format, onPick }: SeriesTableProps) {
  const main = series.filter((s) => s.quiet !== true)
  const quiet = series.filter((s) => s.quiet === true)
  const buckets = main[0]?.points ?? []
  return (
    <TableScroll label={`${title}, table`} className={classes.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time ({zone})</th>
            {[...main, ...quiet].map((s) => (
              <th scope="col" className="number" key={s.name}>
                {s.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {buckets.map((b, i) => (
            <tr key={b.time}>
              <td>
                {onPick ? (
                  <button type="button" className={classes.pick} onClick={() => onPick(i)}>
                    {formatBucket(b.time, interval, zone)}
                  </button>
                ) : (
                  formatBucket(b.time, interval, zone)
                )}
                {b.partial === true && <span className="quiet"> (not whole)</span>}
              </td>
              {main.map((s) => (
                <td className="number" key={s.name}>
                  {format(s.points[i]?.value ?? null)}
                </td>
              ))}
              {quiet.map((s) => (
                <td className="number quiet" key={s.name}>
                  {format(s.points[i]?.value ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function csv(series: readonly ChartSeries[], interval: Interval, zone: string): string {
  const main = series.filter((s) => s.quiet !== true)
  const rows = (main[0]?.points ?? []).map((p, i) => [
    p.time,
    p.partial === true ? 'no' : 'yes',
    ...series.map((s) => s.points[i]?.value),
  ])
  return toCsv([`${interval} (${zone})`, 'whole', ...series.map((s) => s.name)], rows)
}
