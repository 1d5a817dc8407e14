import { ActionIcon, Button } from '@mantine/core'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useSearchParams } from 'react-router'
import type { UsageMonth } from '../../api/usage'
import { laterMonth } from '../privacy/month'
import classes from './Usage.module.css'
import { monthOf } from './words'

/** The month that the address asks for, as in 2026-11; null is the one that runs. */
export function useMonth(): [month: string | null, setMonth: (month: string | null) => void] {
  const [params, setParams] = useSearchParams()
  const asked = params.get('month')
  const setMonth = (month: string | null) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (month === null) next.delete('month')
      else next.set('month', month)
      return next
    })
  return [asked !== null && /^\d{4}-(0[1-9]|1[0-2])$/.test(asked) ? asked : null, setMonth]
}

/** From month to month. */
export function MonthSteps({ shown }: { shown: UsageMonth | undefined }) {
  const [month, setMonth] = useMonth()
  if (shown === undefined) return null
  const running = month === null
  return (
    <div className={classes.steps} role="group" aria-label="Month">
      <ActionIcon
        variant="default"
        size="lg"
        aria-label="Month before"
        onClick={() => setMonth(laterMonth(shown.month, -1))}
      >
        <ChevronLeft size={17} />
      </ActionIcon>
      <span className={classes.month}>{monthOf(shown)}</span>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label="Month after"
        disabled={running}
        onClick={() => setMonth(laterMonth(shown.month, 1))}
      >
        <ChevronRight size={17} />
      </ActionIcon>
      {!running && (
        <Button variant="default" onClick={() => setMonth(null)}>
          This month
        </Button>
      )}
    </div>
  )
}
