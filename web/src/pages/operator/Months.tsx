import { ActionIcon, Button } from '@mantine/core'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { laterMonth } from '../privacy/month'
import { useMonth } from '../usage/MonthSteps'
import classes from './Operator.module.css'

/** From month to month. */
export function Months({ shown }: { shown: string }) {
  const [month, setMonth] = useMonth()
  return (
    <div className={classes.months} role="group" aria-label="Month">
      <ActionIcon variant="default" size="lg" aria-label="Month before" onClick={() => setMonth(laterMonth(shown, -1))}>
        <ChevronLeft size={17} />
      </ActionIcon>
      <span className={classes.month}>
        {new Date(`${shown}-15T00:00:00Z`).toLocaleString('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })}
      </span>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label="Month after"
        disabled={month === null}
        onClick={() => setMonth(laterMonth(shown, 1))}
      >
        <ChevronRight size={17} />
      </ActionIcon>
      {month !== null && (
        <Button variant="default" onClick={() => setMonth(null)}>
          This month
        </Button>
      )}
    </div>
  )
}
