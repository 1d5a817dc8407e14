import { More } from '../../parts/More'
import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { BellRing, CircleCheck, Plus } from 'lucide-react'
import { Link } from 'react-router'
import { incidentsOptions, rulesOptions, type Incident } from '../../api/alerts'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatDuration } from '../../time/format'
import { useTravel, useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { SeverityMark } from './Marks'

/** What is wrong now, and what was. */
export default function Incidents() {
  const me = useMe()
  const travel = useTravel()
  const rules = useQuery(rulesOptions)
  const answer = useInfiniteQuery(incidentsOptions())
  const incidents = answer.data?.pages.flatMap((p) => p.incidents)
  const open = incidents?.filter((i) => i.state === 'open') ?? []
  const over = incidents?.filter((i) => i.state === 'resolved') ?? []
  const watching = rules.data?.filter((r) => r.enabled).length
  return (
    <AlertsPage
      title="Alerts"
      lead="What is wrong now, since when, and who looks after it."
      actions={
        mayWatch(me.role) && (
          <Button component={Link} to={travel('/alerts/new')} leftSection={<Plus size={16} />}>
            New rule
          </Button>
        )
      }
    >
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : incidents === undefined ? (
        <Panel title="Incidents">
          <SkeletonRows />
        </Panel>
      ) : (
        <>
          {open.length > 0 ? (
            <Panel title={`${plural(open.length, 'incident')} open`} note="Newest first." flush>
              <IncidentTable incidents={open} label="Open incidents" />
            </Panel>
          ) : (
            <Panel label="Open incidents">
              {watching === 0 ? (
                <Empty
                  title="Nothing is watched yet"
                  icon={<BellRing size={36} strokeWidth={1.4} />}
                  action={
                    mayWatch(me.role) && (
                      <Button component={Link} to={travel('/alerts/new')}>
                        Make the first rule
                      </Button>
                    )
                  }
                >
                  A rule measures something again and again, such as purchases in the last hour. When the value is
                  wrong, an incident opens here and people are told.
                </Empty>
              ) : (
                <p className={classes.calm}>
                  <CircleCheck size={22} aria-hidden="true" />
                  <span>
                    <strong>No open incident.</strong>{' '}
                    {watching !== undefined && <Link to={travel('/alerts/rules')}>{plural(watching, 'rule')}</Link>}{' '}
                    {watching === 1 ? 'watches' : 'watch'}.
                  </span>
                </p>
              )}
            </Panel>
          )}
          {over.length > 0 && (
            <Panel title="Resolved" note="Newest first." flush>
              <IncidentTable incidents={over} label="Resolved incidents" />
              <More answer={answer}>Show older incidents</More>
            </Panel>
          )}
        </>
      )}
    </AlertsPage>
  )
}

/** Incidents as rows. */
export function IncidentTable({ incidents, label }: { incidents: readonly Incident[]; label: string }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <TableScroll label={label} className={classes.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Severity</th>
            <th scope="col">Opened ({tz})</th>
            <th scope="col" className="number">
              Lasts
            </th>
            <th scope="col">Looked after by</th>
          </tr>
        </thead>
        <tbody>
          {incidents.map((i) => (
            <tr key={i.id}>
              <td className={classes.what}>
                <Link to={travel(`/alerts/incidents/${i.id}`)}>{i.title}</Link>
                {i.rules.length > 1 && <div className="quiet">{i.rules.map((r) => r.name).join(', ')}</div>}
              </td>
              <td>
                <SeverityMark severity={i.severity} />
              </td>
              <td className={classes.nowrap}>
                <Time at={i.opened_at} zone={tz} />
              </td>
              <td className={`number ${classes.nowrap}`}>{lasting(i)}</td>
              <td>{lookedAfter(i)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

/** How long it has lasted, or lasted. */
export function lasting(i: Pick<Incident, 'opened_at' | 'resolved_at'>, now = Date.now()): string {
  const end = i.resolved_at === null ? now : Date.parse(i.resolved_at)
  return formatDuration(Math.max(0, Math.round((end - Date.parse(i.opened_at)) / 1000)))
}

function lookedAfter(i: Incident): string {
  if (i.state === 'resolved') return i.resolved_by ?? 'Resolved by itself'
  if (i.acknowledged_by !== null) return i.acknowledged_by
  if (i.muted) return 'Nobody is told: silenced'
  return 'Nobody yet'
}
