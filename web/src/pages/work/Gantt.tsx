import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import type { Job } from '../../api/jobs'
import { plural } from '../../numbers/format'
import { formatClock, formatDay, formatExactTime, formatSpan } from '../../time/format'
import { extent, marks, rowsOf, type Bar, type Drawn } from './bars'
import classes from './Gantt.module.css'
import { kindName, outcomeNames } from './words'

interface GanttProps {
  jobs: readonly Job[]
  /** Where the axis ends, in milliseconds since 1970. It begins a little before the first bar. */
  to: number
  zone: string
  onOpen: (id: string) => void
}

const legend: readonly (readonly [Bar['tone'], string])[] = [
  ['good', 'Done, or a slice of it'],
  ['now', 'Running'],
  ['wrong', 'Failed, or its worker was lost'],
  ['quiet', 'Interrupted, paused, or cancelled'],
  ['waiting', 'Waiting'],
]

const barPx = 3
const labelPx = 84
const dayMs = 86_400_000

/** Jobs over time, a line for each kind. The same is in the table below, so it is one picture to those who do not see it. */
export function Gantt({ jobs, to, zone, onOpen }: GanttProps) {
  const { ref, width } = useElementSize()
  const [over, setOver] = useState<Over | null>(null)
  const first = extent(rowsOf(jobs, to, 0), to).from
  const from = first - (to - first) / 50
  const perPx = Math.max(1, to - from) / Math.max(1, width)
  const rows = rowsOf(jobs, to, 2 * barPx * perPx)
  const x = (at: number) => Math.max(0, (at - from) / perPx)
  const axis = width > 0 ? marks(from, to, Math.max(2, Math.floor(width / labelPx))) : []
  return (
    <div
      className={classes.gantt}
      role="img"
      aria-label={`${plural(jobs.length, 'job')} of ${plural(rows.length, 'kind')} over time. The same are in the table.`}
      onPointerLeave={() => setOver(null)}
    >
      {rows.map((row) => {
        const lane = row.lanes > 6 ? 7 : 14
        return (
          <div key={row.kind} className={classes.row}>
            <span className={classes.kind} title={row.kind}>
              {kindName(row.kind)}
            </span>
            <svg className={classes.lanes} height={row.lanes * lane + 10} aria-hidden="true">
              {axis.map((m) => (
                <line key={m} x1={x(m)} x2={x(m)} y1="0" y2="100%" className={classes.grid} />
              ))}
              {row.jobs.map((d) => (
                <g key={d.job.id} transform={`translate(0 ${d.lane * lane + 5})`} onClick={() => onOpen(d.job.id)}>
                  {d.bars
                    .filter((b) => b.to >= from)
                    .map((b, i) => (
                      <BarRect
                        key={i}
                        bar={b}
                        x={x(b.from)}
                        width={Math.min(width, x(b.to)) - x(b.from)}
                        room={width}
                        height={lane - 3}
                        onOver={(at) => setOver({ drawn: d, bar: b, at })}
                      />
                    ))}
                </g>
              ))}
            </svg>
          </div>
        )
      })}
      <div className={classes.row}>
        <span className={classes.kind} />
        <div ref={ref} className={classes.axis}>
          {axis.map((m) => (
            <span key={m} style={{ left: x(m) }} data-end={x(m) > width - labelPx / 2} data-start={x(m) < labelPx / 2}>
              {to - from > 2 * dayMs ? formatDay(new Date(m), zone).slice(0, -5) : clock(m, to - from, zone)}
            </span>
          ))}
        </div>
      </div>
      <ul className={classes.legend} aria-hidden="true">
        {legend.map(([tone, name]) => (
          <li key={tone}>
            <i data-tone={tone} /> {name}
          </li>
        ))}
      </ul>
      {over && <Tip over={over} zone={zone} />}
    </div>
  )
}

/** Seconds only where they tell the labels apart. */
function clock(at: number, length: number, zone: string): string {
  const text = formatClock(new Date(at), zone)
  return length > 600_000 ? text.slice(0, 5) : text
}

interface BarRectProps {
  bar: Bar
  x: number
  width: number
  room: number
  height: number
  onOver: (at: { x: number; y: number }) => void
}

function BarRect({ bar, x, width, room, height, onOver }: BarRectProps) {
  const wide = Math.max(bar.tone === 'waiting' ? 0 : barPx, width)
  return (
    <rect
      className={classes.bar}
      data-tone={bar.tone}
      x={Math.min(x, room - wide)}
      y={bar.tone === 'waiting' ? height / 2 - 1 : 0}
      width={wide}
      height={bar.tone === 'waiting' ? 2 : height}
      rx={bar.tone === 'waiting' ? 0 : 2}
      onPointerMove={(e) => onOver({ x: e.clientX, y: e.clientY })}
    />
  )
}

interface Over {
  drawn: Drawn
  bar: Bar
  at: { x: number; y: number }
}

function Tip({ over: { drawn, bar, at }, zone }: { over: Over; zone: string }) {
  const left = at.x > window.innerWidth / 2
  return (
    <div
      className={classes.tip}
      style={{ top: at.y + 14, ...(left ? { right: window.innerWidth - at.x + 10 } : { left: at.x + 10 }) }}
    >
      <strong>{kindName(drawn.job.kind)}</strong>
      <span>
        {bar.attempt === null
          ? 'Waiting'
          : `${outcomeNames[bar.attempt.outcome]}, attempt ${bar.attempt.attempt}${drawn.job.attempts > 1 ? ` of ${drawn.job.attempts}` : ''}`}{' '}
        · {formatSpan((bar.to - bar.from) / 1000)}
      </span>
      <span className="quiet">from {formatExactTime(new Date(bar.from), zone)}</span>
      {bar.attempt?.error && <span className={classes.tipError}>{bar.attempt.error}</span>}
    </div>
  )
}
