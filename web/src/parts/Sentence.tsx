import type { ReactNode } from 'react'
import classes from './Sentence.module.css'

/** The answer of a panel in one sentence, larger than all else in it. */
export function Sentence({ attention = false, children }: { attention?: boolean; children: ReactNode }) {
  return (
    <p className={classes.sentence} data-attention={attention}>
      {children}
    </p>
  )
}
