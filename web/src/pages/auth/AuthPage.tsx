import type { ReactNode } from 'react'
import { ThemeToggle } from '../../app/Rail'
import { Mark } from '../../parts/Mark'
import { PageTitle } from '../../parts/Page'
import classes from './AuthPage.module.css'
import { StarChart } from './StarChart'

interface AuthPageProps {
  title: string
  lead?: ReactNode
  children: ReactNode
  footer?: ReactNode
}

/** The frame of the pages before the login. */
export function AuthPage({ title, lead, children, footer }: AuthPageProps) {
  return (
    <div className={classes.page}>
      <PageTitle>{title}</PageTitle>
      <StarChart />
      <header className={classes.top}>
        <span className={classes.brand}>
          <Mark size={26} /> Observatory
        </span>
        <ThemeToggle />
      </header>
      <main className={classes.main}>
        <div className={classes.card}>
          <h1>{title}</h1>
          {lead !== undefined && <p className="quiet">{lead}</p>}
          {children}
        </div>
        {footer !== undefined && <p className={classes.footer}>{footer}</p>}
      </main>
    </div>
  )
}
