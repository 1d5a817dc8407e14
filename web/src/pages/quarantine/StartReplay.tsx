import { Button } from '@mantine/core'
import { Play } from 'lucide-react'
import type { ReactNode } from 'react'
import { useCreateReplay, type NewReplay, type Replay } from '../../api/replays'
import { ErrorNote } from '../../parts/States'
import classes from './Quarantine.module.css'

interface Props {
  body: NewReplay
  label: string
  /** Why it cannot begin yet; null when it can. */
  waitsFor: string | null
  /** Whether it was done before: then it is said that doing it again is harmless. */
  again?: boolean
  onStarted?: (replay: Replay) => void
  /** What will happen. */
  children: ReactNode
}

/** Begins a replay, after saying what it means. */
export function StartReplay({ body, label, waitsFor, again = false, onStarted, children }: Props) {
  const create = useCreateReplay()
  return (
    <>
      {children}
      {again && (
        <p className={classes.means}>Doing it again changes nothing twice: what was stored stays stored, once.</p>
      )}
      {create.error && <ErrorNote error={create.error} meaning="Nothing was replayed." />}
      <div className={classes.act}>
        <Button
          leftSection={<Play size={16} />}
          loading={create.isPending}
          disabled={waitsFor !== null}
          onClick={() => create.mutate(body, { onSuccess: (r) => onStarted?.(r) })}
        >
          {label}
        </Button>
        {waitsFor !== null && <span className="quiet">{waitsFor}</span>}
      </div>
    </>
  )
}
