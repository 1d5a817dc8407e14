import { NavLink } from 'react-router'
import { QuietNav } from '../../parts/QuietNav'
import { useTravel } from '../../view/useView'
import { subjectPath, type SubjectTab } from './paths'

interface Props {
  subject: string
  tabs: readonly (readonly [tab: SubjectTab, name: string])[]
}

/** The pages of one subject, quieter than those of the section above them. */
export function Tabs({ subject, tabs }: Props) {
  const travel = useTravel()
  return (
    <QuietNav label={`Subject ${subject}`}>
      {tabs.map(([tab, name]) => (
        <NavLink key={tab} to={travel(subjectPath(subject, tab))}>
          {name}
        </NavLink>
      ))}
    </QuietNav>
  )
}
