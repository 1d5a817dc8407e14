import { useEffect, useRef, type ReactNode } from 'react'
import { useLocation } from 'react-router'
import classes from './Page.module.css'

export function PageTitle({ children, organization }: { children: string; organization?: string | undefined }) {
  return <title>{[children, organization, 'Observatory'].filter(Boolean).join(' · ')}</title>
}

interface PageProps {
  title: string
  organization?: string | undefined
  /** One sentence: the question that the page answers. */
  lead?: ReactNode
  actions?: ReactNode
  /** What stands between the heading and the content: the bar of filters, or the pages of a section. */
  bar?: ReactNode
  children: ReactNode
}

/** A page: its heading, which takes the focus when one comes here from another page, and its content. */
export function Page({ title, organization, lead, actions, bar, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const { key } = useLocation()
  const arrived = key !== 'default'
  useEffect(() => {
    if (arrived) heading.current?.focus({ preventScroll: true })
    // Once for each page, not for each change of its filters.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [title])
  return (
    <div className={classes.page}>
      <PageTitle organization={organization}>{title}</PageTitle>
      <header className={classes.header}>
        <div className={classes.heading}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead !== undefined && <p className={classes.lead}>{lead}</p>}
        </div>
        {actions !== undefined && <div className={classes.actions}>{actions}</div>}
      </header>
      {bar}
      {children}
    </div>
  )
}

interface PanelProps {
  /** What stands above the heading, from edge to edge. */
  lead?: ReactNode
  title?: ReactNode
  /** What the panel is, where it shows no title. */
  label?: string
  note?: ReactNode
  actions?: ReactNode
  /** Whether the content reaches to the edges, as tables do. */
  flush?: boolean
  children: ReactNode
}

/** A card with a heading. */
export function Panel({ lead, title, label, note, actions, flush = false, children }: PanelProps) {
  return (
    <section className={classes.panel} aria-label={label}>
      {lead}
      {(title !== undefined || actions !== undefined) && (
        <header className={classes.panelHeader}>
          {title !== undefined && (
            <div>
              <h2>{title}</h2>
              {note !== undefined && <p className={classes.note}>{note}</p>}
            </div>
          )}
          {actions !== undefined && <div className={classes.actions}>{actions}</div>}
        </header>
      )}
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  )
}
