import type { ReactNode } from 'react'
import { ThemeToggle } from '../../../app/Rail'
import { Mark } from '../../../parts/Mark'
import { PageTitle } from '../../../parts/Page'
import classes from './PublicForm.module.css'

interface Props {
  organization?: string | undefined
  title: string
  children: ReactNode
}

/** The frame of pages for people who have no account: it carries the name of the organization that they deal with. */
export function PublicPage({ organization, title, children }: Props) {
  return (
    <div className={classes.page}>
      <PageTitle organization={organization}>{title}</PageTitle>
      <header className={classes.top}>
        {organization !== undefined && (
          <span className={classes.brand}>
            <span className={classes.initial} aria-hidden="true">
              {organization.slice(0, 1).toUpperCase()}
            </span>
            {organization}
          </span>
        )}
        <span className={classes.toggle}>
          <ThemeToggle />
        </span>
      </header>
      <main className={classes.main}>
        <div className={classes.card}>
          <h1>{title}</h1>
          {children}
        </div>
      </main>
      <footer className={classes.foot}>
        <Mark size={18} /> Requests are handled with Observatory
      </footer>
    </div>
  )
}
