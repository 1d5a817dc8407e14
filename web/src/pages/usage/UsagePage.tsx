import { Gauge } from 'lucide-react'
import { usagePages } from '../../app/places'
import { maySeeBilling } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { SectionPage, type SectionPageProps } from '../../parts/SectionPage'
import { Empty } from '../../parts/States'

interface UsagePageProps extends SectionPageProps {
  under?: (typeof usagePages)[number][0]
}

/** The frame of the pages about what was used and what it costs. Viewers see none of it. */
export function UsagePage({ children, actions, bar, ...props }: UsagePageProps) {
  const me = useMe()
  if (maySeeBilling(me.role)) {
    return (
      <SectionPage section="Usage" pages={usagePages} actions={actions} bar={bar} {...props}>
        {children}
      </SectionPage>
    )
  }
  return (
    <SectionPage section="Usage" pages={usagePages} {...props}>
      <Panel label="Usage">
        <Empty title="For owners, admins and analysts" icon={<Gauge size={36} strokeWidth={1.4} />}>
          What {me.tenant.name} used and what it costs is shown to its owners, admins and analysts. Ask one of them.
        </Empty>
      </Panel>
    </SectionPage>
  )
}
