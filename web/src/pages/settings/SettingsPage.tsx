import type { ReactNode } from 'react'
import { settingsPages } from '../../app/places'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { Page } from '../../parts/Page'
import { SubNav } from '../../parts/SubNav'

/** The frame of the settings. The audit log is for owners and admins. */
export function SettingsPage({
  title,
  lead,
  actions,
  children,
}: {
  title: string
  lead: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  const me = useMe()
  const pages = settingsPages.filter(([path]) => path !== '/settings/audit' || mayManage(me.role))
  return (
    <Page
      title={title}
      organization={me.tenant.name}
      lead={lead}
      actions={actions}
      bar={<SubNav label="Settings" pages={pages} />}
    >
      {children}
    </Page>
  )
}

/** Says why the controls of a page are missing. */
export function ReadOnlyNote({ who }: { who: string }) {
  return <p className="quiet">Only {who} can change this.</p>
}
