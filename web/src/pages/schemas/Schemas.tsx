import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { FileCode2, Sparkles } from 'lucide-react'
import { Link } from 'react-router'
import { policyOptions } from '../../api/policies'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { useTravel } from '../../view/useView'
import { contractOf, modeNames, type Binding } from '../contract/contract'
import { DataPage } from '../data/DataPage'
import { levelOf } from './levels'
import { subjectPath } from './paths'
import { levelOptions, subjectsOptions, typeNames, type Registered } from './registry'
import classes from './Schemas.module.css'

/** Every subject, with its newest version. */
export default function Schemas() {
  const may = mayManage(useMe().role)
  const { data: subjects, error, refetch } = useQuery(subjectsOptions)
  const { data: contract } = useQuery(policyOptions('contract'))
  const bindings = contract ? contractOf(contract).events : null
  return (
    <DataPage
      title="Schemas"
      lead="What your events look like, version by version. A new version is only taken when those who send and those who read the old ones can go on."
    >
      {error && !subjects ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : (
        <Panel
          label="Subjects"
          flush
          actions={
            may &&
            subjects !== undefined &&
            subjects.length > 0 && (
              <>
                <span className={`quiet ${classes.grow}`}>{plural(subjects.length, 'subject')}</span>
                <NewButtons />
              </>
            )
          }
        >
          {subjects === undefined ? (
            <SkeletonRows />
          ) : subjects.length === 0 ? (
            <Empty
              title="No schema yet"
              icon={<FileCode2 size={36} strokeWidth={1.4} />}
              action={may && <div className={classes.buttons}>{<NewButtons />}</div>}
            >
              A schema says which properties an event has, of which types, and which must be there. Observatory can
              propose one from the events that it has seen; your registry clients can register theirs at{' '}
              <span className="mono">/v1/schema-registry</span>.
            </Empty>
          ) : (
            <Subjects subjects={subjects} bindings={bindings} />
          )}
        </Panel>
      )}
    </DataPage>
  )
}

function NewButtons() {
  const travel = useTravel()
  return (
    <>
      <Button component={Link} to={travel('/data/schemas/new')} leftSection={<Sparkles size={16} />}>
        Infer from events
      </Button>
      <Button component={Link} to={withParam(travel('/data/schemas/new'), 'how=write')} variant="default">
        Write one
      </Button>
    </>
  )
}

function withParam(path: string, param: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${param}`
}

function Subjects({ subjects, bindings }: { subjects: readonly Registered[]; bindings: readonly Binding[] | null }) {
  return (
    <TableScroll label="Subjects">
      <table>
        <thead>
          <tr>
            <th scope="col">Subject</th>
            <th scope="col">Type</th>
            <th scope="col" className="number">
              Newest version
            </th>
            <th scope="col" className="number">
              Schema ID
            </th>
            <th scope="col">Events</th>
            <th scope="col">Compatibility</th>
          </tr>
        </thead>
        <tbody>
          {subjects.map((s) => (
            <Row key={s.subject} newest={s} bound={bindings?.filter((b) => b.subject === s.subject) ?? null} />
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function Row({ newest: s, bound }: { newest: Registered; bound: readonly Binding[] | null }) {
  const travel = useTravel()
  const { data: level } = useQuery(levelOptions(s.subject))
  return (
    <tr>
      <td className={classes.wide}>
        <Link className={classes.subject} to={travel(subjectPath(s.subject))}>
          {s.subject}
        </Link>
      </td>
      <td className={classes.oneLine}>{typeNames[s.type]}</td>
      <td className="number">{s.version}</td>
      <td className="number mono quiet">{s.id}</td>
      <td className={classes.wide}>
        {bound === null ? (
          '–'
        ) : bound.length === 0 ? (
          <span className="quiet">none</span>
        ) : (
          bound.map((b) => (
            <span key={b.event} className={classes.bound}>
              {b.event} <span className="quiet">{modeNames[b.mode].toLowerCase()}</span>
            </span>
          ))
        )}
      </td>
      <td className={classes.oneLine}>{level ? levelOf(level.level).name : '–'}</td>
    </tr>
  )
}
