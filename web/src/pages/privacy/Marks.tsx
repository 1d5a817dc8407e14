import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  Hourglass,
  TriangleAlert,
  type LucideIcon,
} from 'lucide-react'
import type { PrivacyRequest, PrivacyRequestState, PrivacyRequestType, PrivacyStep } from '../../api/privacy'
import { isOver } from '../../api/privacy'
import { formatDay } from '../../time/format'
import { useView } from '../../view/useView'
import classes from './Privacy.module.css'
import { deadlineWords, placeState, stateNames, waitsForApproval } from './words'

const stateIcons: Partial<Record<PrivacyRequestState, LucideIcon>> = {
  completed: CircleCheck,
  completed_with_exceptions: TriangleAlert,
  failed: CircleAlert,
  cancelled: Ban,
}

/** How far a request is: a word and a sign, not a colour alone. */
export function StateMark({ request: r }: { request: Pick<PrivacyRequest, 'state' | 'needs_approval' | 'resolved'> }) {
  const waits = waitsForApproval(r)
  const Icon = waits ? Hourglass : (stateIcons[r.state] ?? CircleDot)
  return (
    <span className={classes.mark} data-state={waits ? 'approval' : r.state}>
      <Icon size={16} aria-hidden="true" />
      {waits ? 'Waits for approval' : stateNames[r.state]}
    </span>
  )
}

const placeIcons: Record<PrivacyStep['state'], LucideIcon> = {
  waiting: CircleDashed,
  counted: CircleDot,
  erased: CircleDot,
  clear: CircleCheck,
  failed: CircleAlert,
}

/** How far a place is. */
export function PlaceMark({ step, type }: { step: PrivacyStep; type: PrivacyRequestType }) {
  const Icon = placeIcons[step.state]
  return (
    <span className={classes.mark} data-place={step.state}>
      <Icon size={16} aria-hidden="true" />
      {placeState(step, type)}
    </span>
  )
}

/** By when a request must be answered, and how that stands. Of one that is over only the day is told. */
export function Deadline({ request: r }: { request: PrivacyRequest }) {
  const { tz } = useView()
  const { text, late, soon } = deadlineWords(r.deadline)
  const open = !isOver(r)
  return (
    <span className={classes.deadline} data-late={open && late} data-soon={open && soon}>
      <time dateTime={r.deadline}>{formatDay(r.deadline, tz)}</time>
      {open && (
        <span className={classes.left}>
          {late && <TriangleAlert size={14} aria-hidden="true" />} {text}
        </span>
      )}
    </span>
  )
}
