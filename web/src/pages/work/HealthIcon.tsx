import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react'
import type { PipelineStage } from '../../api/jobs'
import classes from './Work.module.css'

/** The state of a stage as a sign. Its word stands beside it. */
export function HealthIcon({ health }: { health: PipelineStage['health'] }) {
  const Icon = { ok: CircleCheck, slow: TriangleAlert, stuck: CircleX }[health]
  return <Icon size={16} className={classes.healthIcon} data-health={health} aria-hidden="true" />
}
