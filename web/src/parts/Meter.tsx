import classes from './Meter.module.css'

interface Props {
  /** From 0 to 1. */
  share: number
  /** Amber for what is wrong, teal for the rest. */
  tone: 'accent' | 'attention'
}

/** A share as a bar. Its number stands beside it, so it is not read out. */
export function Meter({ share, tone }: Props) {
  return (
    <span className={classes.meter} data-tone={tone} aria-hidden="true">
      <i style={{ width: `${100 * share}%` }} />
    </span>
  )
}
