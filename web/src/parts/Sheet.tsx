import { ArrowLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { Mark } from './Mark'
import { PageTitle } from './Page'
import classes from './Sheet.module.css'

interface DeskProps {
  title: string
  organization: string
  /** Where one came from, and what it is called. */
  back: readonly [path: string, name: string]
  /** Buttons: they are not printed. */
  actions?: ReactNode
  children: ReactNode
}

/** A page without the rail, for a sheet that is to be printed. On paper only the sheet is left, in ink on white. */
export function Desk({ title, organization, back: [path, name], actions, children }: DeskProps) {
  return (
    <main className={classes.desk}>
      <PageTitle organization={organization}>{title}</PageTitle>
      <nav className={classes.bar} aria-label={title}>
        <Link to={path} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> {name}
        </Link>
        {actions}
      </nav>
      {children}
    </main>
  )
}

interface SheetProps {
  /** What stands in the corner of the paper: the number of the document. */
  number?: ReactNode
  children: ReactNode
}

/** A sheet of paper. */
export function Sheet({ number, children }: SheetProps) {
  return (
    <article className={classes.sheet}>
      <header className={classes.head}>
        <span className={classes.brand}>
          <Mark size={26} /> Observatory
        </span>
        <span className="quiet">{number}</span>
      </header>
      {children}
    </article>
  )
}

/** What a sheet begins with. */
export function SheetLead({ children }: { children: ReactNode }) {
  return <p className={classes.lead}>{children}</p>
}
