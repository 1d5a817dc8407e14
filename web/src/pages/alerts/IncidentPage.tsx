import { Button, Menu } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ArrowLeft, Check, ChevronDown, Clock, SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { incidentOptions, type Incident, type IncidentEntry } from '../../api/alerts'
import { isApiError } from '../../api/errors'
import { deliveriesOptions, progressOptions, useActOnIncident, type EscalationProgress } from '../../api/notify'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { DeliveryTable } from './Deliveries'
import { lasting } from './Incidents'
import { SeverityMark } from './Marks'
import { useTargetNames } from './targets'
import { entryNames } from './words'

/** One incident: what is wrong, who was told, what was done. */
export default function IncidentPage() {
  const { incident: id = '' } = useParams()
  const { data, error, refetch } = useQuery(incidentOptions(id))
  const travel = useTravel()
  return (
    <AlertsPage
      title={data?.incident.title ?? 'Incident'}
      under="/alerts"
      lead={
        <Link to={travel('/alerts')} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> All incidents
        </Link>
      }
      actions={data && <Acts incident={data.incident} />}
    >
      {isApiError(error) && (error.status === 404 || error.status === 400) ? (
        <Panel label="Incident">
          <Empty title="No such incident" icon={<SearchX size={36} strokeWidth={1.4} />}>
            There is no incident with this ID in this organization.
          </Empty>
        </Panel>
      ) : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <SkeletonRows rows={8} />
      ) : (
        <>
          <Now incident={data.incident} />
          <div className={classes.halves}>
            <Timeline entries={data.entries} />
            <WhoKnows incident={data.incident} />
          </div>
          <Rules incident={data.incident} />
          <Told id={data.incident.id} />
        </>
      )}
    </AlertsPage>
  )
}

function Now({ incident: i }: { incident: Incident }) {
  return (
    <Panel label="Now">
      <div className={classes.now} data-open={i.state === 'open' ? i.severity : undefined}>
        <strong className={classes.value}>
          {i.state === 'open' ? `Open for ${lasting(i)}` : `Lasted ${lasting(i)}`}
        </strong>
        <div>
          <SeverityMark severity={i.severity} />
          <div>{standing(i)}</div>
        </div>
      </div>
    </Panel>
  )
}

function standing(i: Incident): string {
  if (i.state === 'resolved') return i.resolved_by === null ? 'It ended by itself.' : `Resolved by ${i.resolved_by}.`
  if (i.acknowledged_by !== null) return `${i.acknowledged_by} looks after it.`
  if (i.muted) return 'A silence keeps it quiet: nobody is told.'
  return 'Nobody has acknowledged it yet.'
}

function Acts({ incident: i }: { incident: Incident }) {
  const me = useMe()
  const act = useActOnIncident(i.id)
  if (i.state === 'resolved' || !mayWatch(me.role)) return null
  return (
    <>
      {act.error && <FormError error={act.error} />}
      {i.acknowledged_at === null && (
        <Button
          leftSection={<Check size={16} />}
          loading={act.isPending}
          onClick={() => act.mutate({ act: 'acknowledge' })}
        >
          Acknowledge
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<Clock size={16} />} rightSection={<ChevronDown size={15} />}>
            Snooze
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {[1, 4, 24].map((h) => (
            <Menu.Item key={h} onClick={() => act.mutate({ act: 'snooze', hours: h })}>
              {h === 24 ? 'For a day' : h === 1 ? 'For an hour' : `For ${h} hours`}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button variant="default" onClick={() => act.mutate({ act: 'resolve' })}>
        Resolve
      </Button>
    </>
  )
}

function Timeline({ entries }: { entries: readonly IncidentEntry[] }) {
  const { tz } = useView()
  return (
    <Panel title="What happened" note={`Oldest first, ${tz}.`}>
      <ol className={classes.timeline}>
        {entries.map((e) => (
          <li key={e.id} data-kind={e.kind}>
            <div>
              <strong>{entryNames[e.kind] ?? e.kind.replaceAll('_', ' ')}</strong>{' '}
              {e.actor !== '' && <span className="quiet">by {e.actor}</span>}
            </div>
            {e.text !== '' && <div>{e.text}</div>}
            <div className="quiet">
              <Time at={e.at} zone={tz} />
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function WhoKnows({ incident: i }: { incident: Incident }) {
  const { tz } = useView()
  const { data: progress } = useQuery(progressOptions(i.id))
  return (
    <Panel title="Who is told" {...(progress ? { note: <Escalating progress={progress} /> } : {})}>
      <Facts
        facts={[
          [`Opened (${tz})`, <Time key="o" at={i.opened_at} zone={tz} />],
          ...whenAt('Acknowledged', i.acknowledged_at, tz),
          ...whenAt('Snoozed until', i.snoozed_until, tz),
          ...whenAt('Resolved', i.resolved_at, tz),
          ...(i.group === '' ? [] : [['Group', i.group] as const]),
          ['ID', <CopyText key="i" value={i.id} what="the incident's ID" />],
        ]}
      />
    </Panel>
  )
}

/** A fact about a moment, where there was one. */
function whenAt(name: string, at: string | null, zone: string): (readonly [string, ReactNode])[] {
  return at === null ? [] : [[name, <Time key={name} at={at} zone={zone} />]]
}

const progressWords: Record<EscalationProgress['state'], string> = {
  none: 'No escalation policy: it only shows here.',
  waiting: 'People are told, step after step, until somebody acknowledges it.',
  acknowledged: 'Acknowledged: nobody else is told.',
  snoozed: 'Snoozed: it goes on when the time is over.',
  muted: 'Silenced: nobody is told.',
  exhausted: 'Every step was taken, and nobody has acknowledged it.',
  resolved: 'Whoever was told was told that it is over.',
}

function Escalating({ progress: p }: { progress: EscalationProgress }) {
  const { tz } = useView()
  const nameOf = useTargetNames()
  return (
    <>
      {progressWords[p.state]}{' '}
      {p.next_at !== null && p.next_targets.length > 0 && (
        <>
          Next: <strong>{p.next_targets.map(nameOf).join(', ')}</strong> at <Time at={p.next_at} zone={tz} />.
        </>
      )}
    </>
  )
}

function Rules({ incident: i }: { incident: Incident }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <Panel title={i.rules.length === 1 ? 'The rule' : 'The rules'} flush>
      <TableScroll label="Rules of the incident" className={classes.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Severity</th>
              <th scope="col">Fired ({tz})</th>
              <th scope="col">Fine again</th>
            </tr>
          </thead>
          <tbody>
            {i.rules.map((r) => (
              <tr key={r.alert_id}>
                <td className={classes.what}>
                  <Link to={travel(`/alerts/rules/${r.alert_id}`)}>{r.name}</Link>
                  {r.event !== null && <div className="quiet">{r.event}</div>}
                </td>
                <td>
                  <SeverityMark severity={r.severity} />
                </td>
                <td className={classes.nowrap}>
                  <Time at={r.fired_at} zone={tz} />
                </td>
                <td className={classes.nowrap}>
                  {r.resolved_at === null ? 'Not yet' : <Time at={r.resolved_at} zone={tz} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}

function Told({ id }: { id: string }) {
  const { data } = useInfiniteQuery(deliveriesOptions({ incident: id }))
  const deliveries = data?.pages.flatMap((p) => p.deliveries) ?? []
  if (deliveries.length === 0) return null
  return (
    <Panel title="Messages" note="Newest first, with every attempt." flush>
      <DeliveryTable deliveries={deliveries} />
    </Panel>
  )
}
