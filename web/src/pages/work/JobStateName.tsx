import { Ban, CircleCheck, CircleX, Clock, LoaderCircle, Pause } from 'lucide-react'
import type { Job } from '../../api/jobs'
import { formatShare } from '../../numbers/format'
import classes from './Work.module.css'
import { stateNames } from './words'

const icons = {
  waiting: Clock,
  running: LoaderCircle,
  paused: Pause,
  done: CircleCheck,
  failed: CircleX,
  cancelled: Ban,
}

/** Where a job stands, and how far one is that is not over, unless that stands beside it. */
export function JobStateName({ job: j, bare = false }: { job: Job; bare?: boolean }) {
  const Icon = icons[j.state]
  const total = j.progress?.total ?? null
  const share =
    !bare && j.state !== 'done' && j.progress && total !== null && total > 0 ? j.progress.done / total : null
  return (
    <span className={classes.state} data-state={j.state}>
      <Icon size={16} aria-hidden="true" />
      {stateNames[j.state]}
      {share !== null && <span className="quiet">{formatShare(share)}</span>}
    </span>
  )
}
