import { ArrowDownRight, ArrowRight, ArrowUpRight } from 'lucide-react'
import { change, formatNumber, unknown } from '../numbers/format'
import classes from './Delta.module.css'

const words = { up: 'more than', down: 'less than', same: 'as in' }
const icons = { up: ArrowUpRight, down: ArrowDownRight, same: ArrowRight }

/** How a number compares with the period before. More is not said to be better: that depends on the number. */
export function Delta({
  now,
  before,
  earlier,
  dates,
}: {
  now: number | null | undefined
  before: number | null | undefined
  earlier: string
  dates: string
}) {
  const c = change(now, before)
  if (c === null) {
    return <span className={classes.none}>{before === 0 ? `None in ${earlier}` : `${unknown} ${earlier}`}</span>
  }
  const Icon = icons[c.direction]
  return (
    <span className={classes.delta} title={`${formatNumber(before)} in ${dates}`}>
      <span className={classes.change}>
        <Icon size={15} aria-hidden="true" />
        {c.text}
      </span>{' '}
      <span className={classes.none}>
        {words[c.direction]} {earlier}
      </span>
    </span>
  )
}
