import { alertPages } from '../../app/places'
import { SectionPage, type SectionPageProps } from '../../parts/SectionPage'

interface AlertsPageProps extends SectionPageProps {
  under?: (typeof alertPages)[number][0]
}

/** The frame of the pages about what is watched, and who is told. */
export function AlertsPage(props: AlertsPageProps) {
  return <SectionPage section="Alerts" pages={alertPages} {...props} />
}
