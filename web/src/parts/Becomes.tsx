import { ArrowRight } from 'lucide-react'
import classes from './Becomes.module.css'

/** A value, and what is made of it. */
export function Becomes({ before, after }: { before: string; after: string }) {
  return (
    <p className={classes.example}>
      <span className="mono">{before}</span>
      <ArrowRight size={13} aria-label="becomes" />
      <span className={`mono ${classes.after}`}>{after}</span>
    </p>
  )
}
