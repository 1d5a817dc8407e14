import { useQuery } from '@tanstack/react-query'
import { FileQuestionMark } from 'lucide-react'
import { Link, Navigate, useLocation, useParams } from 'react-router'
import { Button, Skeleton } from '@mantine/core'
import { policyOptions } from '../../api/policies'
import { isApiError } from '../../api/errors'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { contractOf, modeNames, type Binding } from '../contract/contract'
import { DataPage } from '../data/DataPage'
import { CompareTab } from './CompareTab'
import { levelOf } from './levels'
import { NextTab } from './NextTab'
import { subjectPath, subjectTabs, type SubjectTab } from './paths'
import { levelOptions, typeNames, versionsOptions, type Registered } from './registry'
import classes from './Schemas.module.css'
import { SettingsTab } from './SettingsTab'
import { StubTab } from './StubTab'
import { Tabs } from './Tabs'
import { VersionsTab } from './VersionsTab'

/** One subject: its versions, what changed between them, the next one, typed code, and its settings. */
export default function Subject() {
  const { subject = '', tab } = useParams()
  const { search } = useLocation()
  const { data: versions, error, refetch } = useQuery(versionsOptions(subject))
  const newest = versions?.[0]
  const missing = isApiError(error) && error.status === 404
  const may = mayManage(useMe().role)
  const tabs = subjectTabs.filter(([id]) => may || (id !== 'next' && id !== 'settings'))
  const current = tabs.find(([id]) => id === tab)?.[0]
  if (current === undefined) return <Navigate to={subjectPath(subject) + search} replace />
  return (
    <DataPage
      title={subject}
      lead={newest ? <Lead newest={newest} /> : ' '}
      bar={!missing && <Tabs subject={subject} tabs={tabs} />}
    >
      {missing ? (
        <Panel label="Subject">
          <Empty
            title="No such subject"
            icon={<FileQuestionMark size={36} strokeWidth={1.4} />}
            action={
              <Button component={Link} to="/data/schemas" variant="default">
                All schemas
              </Button>
            }
          >
            Nothing is registered under this name, or it was deleted.
          </Empty>
        </Panel>
      ) : error && !versions ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : versions && newest ? (
        <Shown tab={current} subject={subject} versions={versions} newest={newest} />
      ) : (
        <Skeleton height={420} radius="lg" />
      )}
    </DataPage>
  )
}

function Lead({ newest: n }: { newest: Registered }) {
  const { data: level } = useQuery(levelOptions(n.subject))
  const bound = useBound(n.subject)
  return (
    <span className={classes.lead}>
      <span>{typeNames[n.type]}</span>
      <span>version {n.version}</span>
      {level && <span>{levelOf(level.level).name.toLowerCase()} compatibility</span>}
      {bound && (
        <span>
          {bound.length === 0
            ? 'no event is bound to it'
            : `for ${bound.map((b) => `${b.event} (${modeNames[b.mode].toLowerCase()})`).join(', ')}`}
        </span>
      )}
    </span>
  )
}

/** The events that are bound to a subject; null while that is not known. */
function useBound(subject: string): readonly Binding[] | null {
  const { data } = useQuery(policyOptions('contract'))
  return data ? contractOf(data).events.filter((b) => b.subject === subject) : null
}

interface ShownProps {
  tab: SubjectTab
  subject: string
  versions: readonly Registered[]
  newest: Registered
}

function Shown({ tab, subject, versions, newest }: ShownProps) {
  const bound = useBound(subject)
  switch (tab) {
    case 'versions':
      return <VersionsTab versions={versions} newest={newest} />
    case 'compare':
      return <CompareTab versions={versions} />
    case 'next':
      // Anew after each registration, from the version that then is the newest.
      return <NextTab key={newest.version} newest={newest} bound={bound ?? []} />
    case 'code':
      return <StubTab newest={newest} bound={bound ?? []} />
    case 'settings':
      return <SettingsTab subject={subject} versions={versions.length} bound={bound ?? []} />
  }
}
