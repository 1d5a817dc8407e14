import { CircleAlert, CircleCheck, CircleDashed, CirclePause, TriangleAlert, type LucideIcon } from 'lucide-react'
import type { QualityVerdict } from '../../api/quality'
import classes from './Quality.module.css'
import { verdictNames } from './words'

const icons: Record<QualityVerdict | 'off', LucideIcon> = {
  pass: CircleCheck,
  warn: TriangleAlert,
  fail: CircleAlert,
  unknown: CircleDashed,
  off: CirclePause,
}

/** What a check found last, by sign, word and colour. */
export function Verdict({
  verdict,
  enabled = true,
  size = 17,
}: {
  verdict: QualityVerdict | undefined
  enabled?: boolean
  size?: number
}) {
  const shown = enabled ? (verdict ?? 'unknown') : 'off'
  const Icon = icons[shown]
  return (
    <span className={classes.verdict} data-verdict={shown}>
      <Icon size={size} aria-hidden="true" />
      {shown === 'off' ? 'Switched off' : verdictNames[shown]}
    </span>
  )
}
