import { ShieldUser } from 'lucide-react'
import { privacyPages } from '../../app/places'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { SectionPage, type SectionPageProps } from '../../parts/SectionPage'
import { Empty } from '../../parts/States'

interface PrivacyPageProps extends SectionPageProps {
  under?: (typeof privacyPages)[number][0]
}

/** The frame of the pages about what people may ask for. They are for owners and admins: whom a request is about is nobody else's business. */
export function PrivacyPage({ children, actions, bar, ...props }: PrivacyPageProps) {
  const me = useMe()
  if (mayAnswerForPeople(me.role)) {
    return (
      <SectionPage section="Privacy" pages={privacyPages} actions={actions} bar={bar} {...props}>
        {children}
      </SectionPage>
    )
  }
  return (
    <SectionPage section="Privacy" pages={privacyPages} {...props}>
      <Panel label="Privacy">
        <Empty title="For owners and admins" icon={<ShieldUser size={36} strokeWidth={1.4} />}>
          Requests of people about their own data are looked after by owners and admins. Ask one of {me.tenant.name}.
        </Empty>
      </Panel>
    </SectionPage>
  )
}
