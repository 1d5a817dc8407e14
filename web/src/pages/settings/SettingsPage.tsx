import { settingsPages } from '../../app/places'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { SectionPage, type SectionPageProps } from '../../parts/SectionPage'

/** The frame of the settings. The audit log is for owners and admins. */
export function SettingsPage(props: SectionPageProps) {
  const me = useMe()
  const pages = settingsPages.filter(([path]) => path !== '/settings/audit' || mayManage(me.role))
  return <SectionPage section="Settings" pages={pages} {...props} />
}

/** Says why the controls of a page are missing. */
export function ReadOnlyNote({ who }: { who: string }) {
  return <p className="quiet">Only {who} can change this.</p>
}
