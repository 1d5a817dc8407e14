import type { ReactNode } from 'react'
import { alertPages } from '../../app/places'
import { useMe } from '../../app/session'
import { Page } from '../../parts/Page'
import { SubNav } from '../../parts/SubNav'

interface AlertsPageProps {
  title: string
  lead: ReactNode
  /** The tab that a page below the tabs belongs to. */
  under?: (typeof alertPages)[number][0]
  actions?: ReactNode
  children: ReactNode
}

/** The frame of the pages about what is watched, and who is told. */
export function AlertsPage({ title, lead, under, actions, children }: AlertsPageProps) {
  const me = useMe()
  return (
    <Page
      title={title}
      organization={me.tenant.name}
      lead={lead}
      actions={actions}
      bar={<SubNav label="Alerts" pages={alertPages} {...(under && { current: under })} />}
    >
      {children}
    </Page>
  )
}
