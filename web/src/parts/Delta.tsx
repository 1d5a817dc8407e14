import { ArrowDownRight, ArrowRight, ArrowUpRight } from 'lucide-react'
import { change, formatNumber } from '../numbers/format'
import classes from './Delta.module.css'

const words = { up: 'more than', down: 'less than', same: 'as in' }
const icons = { up: ArrowUpRight, down: ArrowDownRight, same: ArrowRight }

/** How a number compares with the period before. More is not said to be better: that depends on the number. */
export function Delta({ now, before, period }: { now: number | null | undefined; before: number | null | undefined; period: string }) {
  const c = change(now, before)
  if (c === null) {
    return <span className={classes.none}>{before === 0 ? `None in ${period}` : `– ${period}`}</span>
  }
  const Icon = icons[c.direction]
  return (
    <span className={classes.delta} title={`${formatNumber(before)} in ${period}`}>
      <span className={classes.change}>
        <Icon size={15} aria-hidden="true" />
        {c.text}
      </span>{' '}
      <span className={classes.none}>
        {words[c.direction]} {period}
      </span>
    </span>
  )
}
