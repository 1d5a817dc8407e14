import type { ReactNode } from 'react'
import classes from './QuietNav.module.css'

/** The way between pages of one subject: links, quieter than those of the section above them. */
export function QuietNav({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav aria-label={label} className={classes.nav}>
      {children}
    </nav>
  )
}
