import { Button, Select } from '@mantine/core'
import { FlaskConical } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import type { RehearsalReport } from '../api/types'
import { formatNumber } from '../numbers/format'
import { Panel } from '../parts/Page'
import { ErrorNote, SkeletonRows } from '../parts/States'
import classes from './Rehearsal.module.css'
import { Report } from './Report'

const sizes = [100, 1000, 10_000]

interface RehearsalProps {
  /** What is tried: "this contract", "version 3". */
  what: string
  run: (last: number) => void
  pending: boolean
  error: Error | null
  report: RehearsalReport | undefined
  /** Whether the report is about what is proposed now. */
  current: boolean
  /** Why it cannot be tried yet. */
  disabled?: boolean
  /** Shows what was found, where it is not about rules that events break. */
  show?: (report: RehearsalReport) => ReactNode
  children?: ReactNode
}

/** Tries what is proposed on the newest stored events, before it is published. */
export function Rehearsal({
  what,
  run,
  pending,
  error,
  report,
  current,
  disabled = false,
  show = (r) => <Report report={r} />,
  children,
}: RehearsalProps) {
  const [last, setLast] = useState(1000)
  return (
    <Panel
      title="Rehearsal"
      note={`What ${what} would have made of your newest stored events. Nothing is changed by it.`}
      actions={
        <>
          <Select
            aria-label="How many events"
            w={150}
            data={sizes.map((n) => ({ value: String(n), label: `${formatNumber(n)} events` }))}
            value={String(last)}
            onChange={(n) => n !== null && setLast(Number(n))}
            allowDeselect={false}
          />
          <Button
            variant={report && current ? 'default' : 'light'}
            leftSection={<FlaskConical size={16} />}
            loading={pending}
            disabled={disabled}
            onClick={() => run(last)}
          >
            Rehearse
          </Button>
        </>
      }
    >
      {children}
      {error ? (
        <ErrorNote error={error} meaning="Nothing was changed, and nothing was published." />
      ) : pending ? (
        <SkeletonRows rows={4} />
      ) : report ? (
        <>
          {!current && (
            <p className={classes.stale} role="status">
              You have made changes since this rehearsal. Rehearse again to see what they do.
            </p>
          )}
          {show(report)}
        </>
      ) : (
        <p className="quiet">Not rehearsed yet.</p>
      )}
    </Panel>
  )
}
