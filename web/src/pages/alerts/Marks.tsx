import { BellOff, CircleAlert, CircleCheck, Hourglass, Info, TriangleAlert } from 'lucide-react'
import type { AlertState, Severity } from '../../api/alerts'
import classes from './Alerts.module.css'
import { severityNames, stateNames } from './words'

const severityIcons = { info: Info, warning: TriangleAlert, critical: CircleAlert } as const

/** How bad it is: a word and a sign, not a colour alone. */
export function SeverityMark({ severity }: { severity: Severity }) {
  const Icon = severityIcons[severity]
  return (
    <span className={classes.mark} data-severity={severity}>
      <Icon size={16} aria-hidden="true" />
      {severityNames[severity]}
    </span>
  )
}

const stateIcons = {
  ok: CircleCheck,
  resolved: CircleCheck,
  pending: Hourglass,
  firing: CircleAlert,
  muted: BellOff,
} as const

/** The state of a rule. */
export function StateMark({ state, off = false }: { state: AlertState; off?: boolean }) {
  const Icon = off ? BellOff : stateIcons[state]
  return (
    <span className={classes.mark} data-state={off ? 'off' : state}>
      <Icon size={16} aria-hidden="true" />
      {off ? 'Switched off' : stateNames[state]}
    </span>
  )
}
