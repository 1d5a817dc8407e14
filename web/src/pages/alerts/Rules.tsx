import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { BellRing, Plus } from 'lucide-react'
import { Link } from 'react-router'
import { rulesOptions, type Alert, type AlertState } from '../../api/alerts'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { SeverityMark, StateMark } from './Marks'
import { describeRule, formatValue } from './words'

/** What is watched. */
export default function Rules() {
  const me = useMe()
  const travel = useTravel()
  const { data: rules, error, refetch } = useQuery(rulesOptions)
  const make = mayWatch(me.role) && (
    <Button component={Link} to={travel('/alerts/new')} leftSection={<Plus size={16} />}>
      New rule
    </Button>
  )
  return (
    <AlertsPage title="Rules" lead="What is watched, and when it is wrong." actions={make}>
      <Panel title={rules?.length ? plural(rules.length, 'rule') : 'Rules'} flush>
        {error && !rules ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : rules === undefined ? (
          <SkeletonRows />
        ) : rules.length === 0 ? (
          <Empty title="No rule yet" icon={<BellRing size={36} strokeWidth={1.4} />} action={make}>
            A rule measures something again and again: purchases in the last hour, the share of events that is
            quarantined, the time since the newest event. Before you save it, you see when it would have fired over the
            past 30 days.
          </Empty>
        ) : (
          <TableScroll label="Rules" className={classes.table}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Rule</th>
                  <th scope="col">State</th>
                  <th scope="col">Severity</th>
                  <th scope="col" className="number">
                    Last value
                  </th>
                  <th scope="col">Group</th>
                </tr>
              </thead>
              <tbody>
                {urgentFirst(rules).map((r) => (
                  <Row key={r.id} rule={r} />
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      </Panel>
    </AlertsPage>
  )
}

const urgency: readonly AlertState[] = ['firing', 'muted', 'pending', 'resolved', 'ok']

/** What fires before what is fine, and what is switched off last; by name among equals, as they come. */
function urgentFirst(rules: readonly Alert[]): Alert[] {
  const rank = (r: Alert) => (r.enabled ? urgency.indexOf(r.state) : urgency.length)
  return [...rules].sort((a, b) => rank(a) - rank(b))
}

function Row({ rule: r }: { rule: Alert }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <tr>
      <td className={classes.what}>
        <Link to={travel(`/alerts/rules/${r.id}`)}>{r.name}</Link>
        <div className="quiet">{describeRule(r)}</div>
      </td>
      <td className={classes.nowrap}>
        <StateMark state={r.state} off={!r.enabled} />
        {r.enabled && (
          <div className="quiet">
            since <Time at={r.since} zone={tz} />
            {r.flapping && ', flapping'}
          </div>
        )}
      </td>
      <td>
        <SeverityMark severity={r.severity} />
      </td>
      <td className="number">{formatValue(r.measure.kind, r.last_evaluation?.value)}</td>
      <td>{r.group}</td>
    </tr>
  )
}
