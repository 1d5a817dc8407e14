import { Button, Skeleton } from '@mantine/core'
import { CircleAlert, RefreshCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { ApiError, errorTitle } from '../api/errors'
import { CopyText } from './Copy'
import { Prose } from './Prose'
import classes from './States.module.css'

interface ErrorNoteProps {
  error: Error
  /** What the error means for the data. */
  meaning?: string
  retry?: () => void
}

const readingFailed = 'Only this question failed: your events are safe.'

/** What happened, what it means for the data, what to do, and the ID to ask for help with. */
export function ErrorNote({ error, meaning = readingFailed, retry }: ErrorNoteProps) {
  const problem = error instanceof ApiError ? error : null
  return (
    <div className={classes.error} role="alert">
      <CircleAlert size={20} aria-hidden="true" />
      <div className={classes.errorText}>
        <strong>{errorTitle(error)}</strong>
        <p>
          <Prose>{error.message}</Prose>
        </p>
        <p className="quiet">{meaning}</p>
        {problem !== null && problem.correlationId !== '' && (
          <div className={classes.correlation}>
            <span className="quiet">Correlation ID</span>{' '}
            <CopyText value={problem.correlationId} what="the correlation ID" />
          </div>
        )}
        {retry && (
          <Button variant="default" size="xs" leftSection={<RefreshCw size={14} />} onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}

/** Why a form was not taken, with the ID to ask for help with. */
export function FormError({ error }: { error: Error | null }) {
  if (error === null) return null
  return <ErrorNote error={error} meaning="Nothing was changed." />
}

interface EmptyProps {
  title: string
  icon?: ReactNode
  /** What would be here and how to get it. */
  children: ReactNode
  action?: ReactNode
}

export function Empty({ title, icon, children, action }: EmptyProps) {
  return (
    <div className={classes.empty}>
      {icon}
      <h3>{title}</h3>
      <div className="quiet">{children}</div>
      {action}
    </div>
  )
}

/** Keeps the place of a list while it is loaded. */
export function SkeletonRows({ rows = 6, height = 20 }: { rows?: number; height?: number }) {
  return (
    <div className={classes.rows} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} width={`${96 - ((i * 17) % 40)}%`} radius="sm" />
      ))}
    </div>
  )
}
