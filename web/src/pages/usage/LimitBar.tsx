import classes from './LimitBar.module.css'

interface LimitBarProps {
  used: number
  /** What is expected at the end of the month; null: nothing can be said. */
  expected: number | null
  /** What there may be; also the width of the bar, unless more is used or expected. */
  limit: number
}

/** How far what is used, and what is expected, reach towards a limit. The numbers stand beside it, so it is not read out. */
export function LimitBar({ used, expected, limit }: LimitBarProps) {
  const whole = Math.max(limit, used, expected ?? 0, 1)
  const at = (n: number) => `${(100 * n) / whole}%`
  const over = used >= limit
  return (
    <div className={classes.bar} data-over={over} data-near={!over && used >= 0.8 * limit} aria-hidden="true">
      {expected !== null && <i className={classes.expected} style={{ width: at(expected) }} />}
      <i className={classes.used} style={{ width: at(used) }} />
      {whole > limit && <i className={classes.limit} style={{ left: at(limit) }} />}
    </div>
  )
}
