import { useQuery } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { Link } from 'react-router'
import { sourcesOptions } from '../api/queries'
import type { RehearsalReport } from '../api/types'
import { Code, Diff } from '../code/Code'
import { formatNumber, formatShare, plural } from '../numbers/format'
import { Prose } from '../parts/Prose'
import { Meter } from '../parts/Meter'
import { TableScroll } from '../parts/TableScroll'
import classes from './Rehearsal.module.css'

/** What a rehearsal found: how many, whose, why, and examples. */
export function Report({ report: r }: { report: RehearsalReport }) {
  if (r.events === 0) {
    return (
      <p className="quiet">
        No stored event is concerned, so there is nothing to try it on. Events that come later are treated by these
        rules.
      </p>
    )
  }
  const fine = r.violating === 0
  return (
    <div className={classes.report}>
      <p className={classes.verdict} data-fine={fine} role="status">
        {fine ? <CircleCheck size={20} aria-hidden="true" /> : <TriangleAlert size={20} aria-hidden="true" />}
        <span>
          {fine ? (
            <>
              <strong>All fit.</strong> None of the newest {plural(r.events, 'event')} breaks a rule.
            </>
          ) : (
            <>
              <strong>
                {formatNumber(r.violating)} of {plural(r.events, 'event')}
              </strong>{' '}
              ({formatShare(r.violating / r.events)}) {r.violating === 1 ? 'breaks' : 'break'} a rule.
            </>
          )}
        </span>
      </p>
      <Shares report={r} />
      {r.by_sender.length > 0 && <Senders report={r} />}
      {r.by_cause.length > 0 && <Causes report={r} />}
      {r.examples.length > 0 && <Examples report={r} />}
    </div>
  )
}

const parts = [
  ['passed', 'Stored as they are'],
  ['changed', 'Stored, changed'],
  ['violating', 'Break a rule'],
] as const

function Shares({ report: r }: { report: RehearsalReport }) {
  return (
    <div>
      <div className={classes.shares} aria-hidden="true">
        {parts.map(([part]) => r[part] > 0 && <i key={part} data-part={part} style={{ flexGrow: r[part] }} />)}
      </div>
      <ul className={classes.legend}>
        {parts.map(([part, name]) => (
          <li key={part}>
            <i data-part={part} aria-hidden="true" />
            {name} <strong>{formatNumber(r[part])}</strong>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Senders({ report: r }: { report: RehearsalReport }) {
  const { data: sources = [] } = useQuery(sourcesOptions)
  return (
    <section>
      <h3 className={classes.heading}>By sender</h3>
      <TableScroll label="By sender">
        <table>
          <thead>
            <tr>
              <th scope="col">Library</th>
              <th scope="col">Version</th>
              <th scope="col">Source</th>
              <th scope="col" className="number">
                Events
              </th>
              <th scope="col" className="number">
                Break a rule
              </th>
              <th scope="col" className={classes.barCell}>
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {r.by_sender.map((s) => (
              <tr key={`${s.sdk} ${s.version} ${s.source}`}>
                <td className={`mono ${classes.oneLine}`}>
                  {s.sdk === '' ? <span className="quiet">not told</span> : s.sdk}
                </td>
                <td className={`mono ${classes.oneLine}`}>{s.version === '' ? '–' : s.version}</td>
                <td className={classes.oneLine}>{sources.find((known) => known.id === s.source)?.name ?? s.source}</td>
                <td className="number">{formatNumber(s.events)}</td>
                <td className={`number ${s.violating === 0 ? 'quiet' : ''}`}>{formatNumber(s.violating)}</td>
                <td className={classes.barCell}>
                  <Meter share={s.violating / s.events} tone="attention" />
                  {formatShare(s.violating / s.events)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  )
}

function Causes({ report: r }: { report: RehearsalReport }) {
  return (
    <section>
      <h3 className={classes.heading}>By cause</h3>
      <TableScroll label="By cause">
        <table>
          <thead>
            <tr>
              <th scope="col" className="number">
                Events
              </th>
              <th scope="col">Where</th>
              <th scope="col">What is wrong</th>
              <th scope="col">Examples</th>
            </tr>
          </thead>
          <tbody>
            {r.by_cause.map((c) => (
              <tr key={`${c.code} ${c.path} ${c.message}`}>
                <td className="number">{formatNumber(c.events)}</td>
                <td className={`mono ${classes.oneLine}`}>
                  {c.path === '' ? <span className="quiet">the event</span> : c.path}
                </td>
                <td className={classes.message}>
                  <Prose>{c.message}</Prose> <code className="mono quiet">{c.code}</code>
                </td>
                <td className={classes.ids}>
                  {c.examples.slice(0, 3).map((id) => (
                    <Link key={id} to={`/events/${encodeURIComponent(id)}`} className="mono">
                      {id}
                    </Link>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  )
}

/** Events before and after, with what changed them. */
export function Examples({ report: r }: { report: RehearsalReport }) {
  return (
    <section>
      <h3 className={classes.heading}>Examples</h3>
      {r.examples.map((e, i) => (
        <details key={e.event_id} className={classes.example} open={i === 0}>
          <summary>
            <span className="mono">{e.event_id}</span> <strong>{e.event}</strong>{' '}
            <span className="quiet">
              {e.causes.length > 0 ? e.causes.join(', ') : e.rules.length > 0 ? `by ${e.rules.join(', ')}` : 'changed'}
            </span>
          </summary>
          <Example example={e} />
        </details>
      ))}
    </section>
  )
}

/** An event before and after; just the event where the rules leave it as it is, or set it aside as it was sent. */
function Example({ example: e }: { example: RehearsalReport['examples'][number] }) {
  const aside = e.causes.length > 0
  // What is found out about an event is not found out about one that is set aside.
  const before = pretty(e.before, aside)
  const after = pretty(e.after, aside)
  if (before === after) return <Code value={before} language="json" label={`the event ${e.event_id}`} />
  return (
    <Diff
      before={before}
      after={after}
      language="json"
      names={['as it is stored', aside ? 'as it would be set aside' : 'as it would be stored']}
    />
  )
}

const order = [
  'event',
  'event_id',
  'type',
  'user_id',
  'anonymous_id',
  'session_id',
  'timestamp',
  'properties',
  'context',
]

/** The event as JSON, the members that matter most first. */
function pretty(event: Record<string, unknown> | null, withoutFacts: boolean): string {
  if (event === null) return ''
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  const members = Object.entries(event)
    .filter(([name]) => !(withoutFacts && name === 'facts'))
    .sort(([a], [b]) => rank(a) - rank(b))
  return JSON.stringify(Object.fromEntries(members), null, 2)
}
