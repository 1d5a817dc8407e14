import { CircleCheck, CircleX } from 'lucide-react'
import { plural } from '../../numbers/format'
import { Prose } from '../../parts/Prose'
import type { Conflict } from './registry'
import classes from './Schemas.module.css'

/** Each rule that a proposed version breaks: where, what is wrong, and what to do instead. */
export function Conflicts({ conflicts, level }: { conflicts: readonly Conflict[]; level: string }) {
  return (
    <div className={classes.conflicts} role="alert">
      <p className={classes.outcome} data-good="false">
        <CircleX size={20} aria-hidden="true" />
        <span>
          <strong>Not compatible.</strong> {plural(conflicts.length, 'rule')} of {level.toLowerCase()} compatibility{' '}
          {conflicts.length === 1 ? 'is' : 'are'} broken, so this version cannot be registered.
        </span>
      </p>
      <ol>
        {conflicts.map((c, i) => (
          <li key={i}>
            <div className={classes.conflictHead}>
              <code className="mono">{c.path === '' ? '/' : c.path}</code>
              <span className="quiet">against version {c.version}</span>
              <code className="mono quiet">{c.rule}</code>
            </div>
            <p>
              <Prose>{c.message}</Prose>
            </p>
            {c.advice !== '' && (
              <p className={classes.advice}>
                <strong>Instead:</strong> <Prose>{c.advice}</Prose>
              </p>
            )}
          </li>
        ))}
      </ol>
    </div>
  )
}

export function Compatible({ children }: { children: string }) {
  return (
    <p className={classes.outcome} data-good="true" role="status">
      <CircleCheck size={20} aria-hidden="true" />
      <span>{children}</span>
    </p>
  )
}
