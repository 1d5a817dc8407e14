import { Button } from '@mantine/core'
import { CircleCheck, FlaskConical, TriangleAlert } from 'lucide-react'
import type { ReplayRehearsal } from '../../api/replays'
import { Diff } from '../../code/Code'
import { formatNumber, plural } from '../../numbers/format'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import look from '../../rehearsal/Rehearsal.module.css'
import { Problems } from './Problems'
import classes from './Quarantine.module.css'
import { asKept, asStored } from './shown'

interface Props {
  onRun: () => void
  pending: boolean
  error: Error | null
  report: ReplayRehearsal | undefined
  /** Whether the report is about what is chosen now. */
  current: boolean
  /** Why it cannot be tried yet; null when it can. */
  waitsFor: string | null
  /** How many events the replay would take; null when that is not known. */
  of: number | null
  history?: boolean
}

/** Tries a replay on the newest of its events. */
export function Rehearse({ onRun, pending, error, report, current, waitsFor, of, history = false }: Props) {
  return (
    <div className={look.report}>
      <div className={classes.act}>
        <Button
          variant={current ? 'default' : 'filled'}
          leftSection={<FlaskConical size={16} />}
          loading={pending}
          disabled={waitsFor !== null}
          onClick={onRun}
        >
          Rehearse
        </Button>
        <span className="quiet">
          {waitsFor ??
            (of === null || of > 1000
              ? 'On the newest 1,000 of them. Nothing is changed.'
              : 'On all of them. Nothing is changed.')}
        </span>
      </div>
      {error ? (
        <ErrorNote error={error} meaning="Nothing was changed." />
      ) : pending ? (
        <SkeletonRows rows={4} />
      ) : (
        report && (
          <>
            {!current && (
              <p className={look.stale} role="status">
                You have made changes since this rehearsal. Rehearse again to see what they do.
              </p>
            )}
            <Report report={report} history={history} />
          </>
        )
      )}
    </div>
  )
}

function Report({ report: r, history }: { report: ReplayRehearsal; history: boolean }) {
  if (r.events === 0) {
    return (
      <p className="quiet" role="status">
        {history ? 'No stored event lies in this time.' : 'No event of this cause is in quarantine any more.'}
      </p>
    )
  }
  const fine = r.would_fail + r.unusable === 0
  return (
    <>
      <p className={look.verdict} data-fine={fine} role="status">
        {fine ? <CircleCheck size={20} aria-hidden="true" /> : <TriangleAlert size={20} aria-hidden="true" />}
        <span>{history ? <HistoryVerdict report={r} /> : <RepairVerdict report={r} />}</span>
      </p>
      <Shares report={r} history={history} />
      {r.problems.length > 0 && (
        <section>
          <h3 className={look.heading}>Why the others would not</h3>
          <Problems problems={r.problems} />
        </section>
      )}
      <Examples report={r} history={history} />
    </>
  )
}

function RepairVerdict({ report: r }: { report: ReplayRehearsal }) {
  if (r.would_pass === r.events)
    return (
      <>
        <strong>All would pass.</strong> Each of the {plural(r.events, 'event')} that were tried would be stored.
      </>
    )
  return (
    <>
      <strong>
        {formatNumber(r.would_pass)} of {plural(r.events, 'event')}
      </strong>{' '}
      would pass; {formatNumber(r.would_fail + r.unusable)} would stay in quarantine.
    </>
  )
}

function HistoryVerdict({ report: r }: { report: ReplayRehearsal }) {
  if (r.would_pass === 0 && r.would_fail === 0)
    return (
      <>
        <strong>Nothing would change.</strong> The rules make of each of the {plural(r.events, 'event')} that were tried
        what is stored already.
      </>
    )
  return (
    <>
      <strong>
        {formatNumber(r.would_pass)} of {plural(r.events, 'event')}
      </strong>{' '}
      would be stored otherwise than they are
      {r.would_fail > 0 && <>; {formatNumber(r.would_fail)} do not fit the contract and would stay as they are</>}.
    </>
  )
}

function Shares({ report: r, history }: { report: ReplayRehearsal; history: boolean }) {
  const parts = [
    ['passed', history ? 'Would change' : 'Would pass', r.would_pass],
    ['changed', 'Would stay as they are', r.unchanged],
    ['violating', history ? 'Do not fit' : 'Would not pass', r.would_fail],
    ['unusable', 'Nothing is left to repair', r.unusable],
  ] as const
  const shown = parts.filter(([part, , n]) => n > 0 || part === 'passed' || (part === 'violating' && !history))
  return (
    <div>
      <div className={look.shares} aria-hidden="true">
        {shown.map(([part, , n]) => n > 0 && <i key={part} data-part={part} style={{ flexGrow: n }} />)}
      </div>
      <ul className={look.legend}>
        {shown.map(([part, name, n]) => (
          <li key={part}>
            <i data-part={part} aria-hidden="true" />
            {name} <strong>{formatNumber(n)}</strong>
          </li>
        ))}
      </ul>
    </div>
  )
}

const shownOfEach = 3

function Examples({ report: r, history }: { report: ReplayRehearsal; history: boolean }) {
  const fine = r.examples.filter((e) => e.problems.length === 0).slice(0, shownOfEach)
  const not = r.examples.filter((e) => e.problems.length > 0).slice(0, shownOfEach)
  if (fine.length + not.length === 0) return null
  return (
    <section>
      <h3 className={look.heading}>Examples, before and after</h3>
      {[...fine, ...not].map((e, i) => (
        <details key={`${e.event_id} ${i}`} className={look.example} open={i === 0}>
          <summary>
            <span className="mono">{e.event_id === '' ? 'No ID' : e.event_id}</span>{' '}
            <span className="quiet">
              {e.problems.length === 0
                ? history
                  ? 'would be stored otherwise'
                  : 'would pass'
                : e.problems.map((p) => `${p.path} ${p.message}`.trim()).join('; ')}
            </span>
          </summary>
          <Diff
            before={asKept(e.before)}
            after={e.after === null ? '' : asStored(e.after, e.before)}
            language="json"
            names={[
              history ? 'as it is stored' : 'as it is kept',
              e.problems.length === 0 ? 'as it would be stored' : 'as it would be refused',
            ]}
          />
        </details>
      ))}
    </section>
  )
}
