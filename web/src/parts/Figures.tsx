import type { ReactNode } from 'react'
import classes from './Figures.module.css'

/** What a page comes to, side by side: names above their values. Large where the values are the answer. */
export function Figures({ large = false, children }: { large?: boolean; children: ReactNode }) {
  return (
    <dl className={classes.figures} data-large={large || undefined}>
      {children}
    </dl>
  )
}

interface FigureProps {
  name: string
  /** Said when the pointer rests on it. */
  meaning?: string
  /** It is nothing to look at. */
  quiet?: boolean
  children: ReactNode
}

/** One of the Figures. */
export function Figure({ name, meaning, quiet = false, children }: FigureProps) {
  return (
    <div title={meaning} data-quiet={quiet || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
