import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { SearchX } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import {
  evaluationsOptions,
  incidentsOptions,
  ruleOptions,
  useDeleteRule,
  useSwitchRule,
  type Alert,
} from '../../api/alerts'
import { isApiError } from '../../api/errors'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { draftOf } from './draft'
import { IncidentTable } from './Incidents'
import { StateMark } from './Marks'
import { Back, RuleEditor } from './RuleEditor'
import { describeRule, formatValue } from './words'

/** One rule: what it is, what came of it, and when it would have fired. */
export default function RulePage() {
  const { rule: id = '' } = useParams()
  const { data: rule, error, refetch } = useQuery(ruleOptions(id))
  return (
    <AlertsPage
      title={rule?.name ?? 'Rule'}
      under="/alerts/rules"
      lead={<Back />}
      actions={rule && <Acts rule={rule} />}
    >
      {isApiError(error) && (error.status === 404 || error.status === 400) ? (
        <Panel label="Rule">
          <Empty title="No such rule" icon={<SearchX size={36} strokeWidth={1.4} />}>
            There is no rule with this ID in this organization. It may have been deleted; its incidents are kept.
          </Empty>
        </Panel>
      ) : error && !rule ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : rule === undefined ? (
        <SkeletonRows rows={8} />
      ) : (
        <>
          <Now rule={rule} />
          <RuleEditor key={rule.updated_at} initial={draftOf(rule)} rule={rule} />
          <Past id={rule.id} />
          <Ticks rule={rule} />
        </>
      )}
    </AlertsPage>
  )
}

function Now({ rule }: { rule: Alert }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <Panel label="Now">
      <div className={classes.now}>
        <strong className={classes.value}>{formatValue(rule.measure.kind, rule.last_evaluation?.value)}</strong>
        <div>
          <StateMark state={rule.state} off={!rule.enabled} />{' '}
          {rule.enabled && (
            <span className="quiet">
              since <Time at={rule.since} zone={tz} />
            </span>
          )}
          <div>{describeRule(rule)}</div>
          {rule.last_evaluation && rule.last_evaluation.note !== '' && (
            <div className="quiet">{rule.last_evaluation.note}</div>
          )}
        </div>
        {rule.incident_id !== null && (
          <Button component={Link} to={travel(`/alerts/incidents/${rule.incident_id}`)} variant="default">
            The incident
          </Button>
        )}
      </div>
    </Panel>
  )
}

function Acts({ rule }: { rule: Alert }) {
  const me = useMe()
  const navigate = useNavigate()
  const travel = useTravel()
  const [deleting, setDeleting] = useState(false)
  const remove = useDeleteRule(rule.id)
  const turn = useSwitchRule(rule.id)
  if (!mayWatch(me.role)) return null
  return (
    <>
      <Button variant="default" loading={turn.isPending} onClick={() => turn.mutate(!rule.enabled)}>
        {rule.enabled ? 'Switch off' : 'Switch on'}
      </Button>
      <Button variant="default" onClick={() => setDeleting(true)}>
        Delete
      </Button>
      <ConfirmDelete
        opened={deleting}
        onClose={() => setDeleting(false)}
        title="Delete the rule"
        name={rule.name}
        verb="Delete the rule"
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined, { onSuccess: () => void navigate(travel('/alerts/rules')) })}
      >
        The rule and the record of its evaluations go. Its incidents stay; if one is open, the rule’s part in it ends.
      </ConfirmDelete>
    </>
  )
}

function Past({ id }: { id: string }) {
  const { data } = useInfiniteQuery(incidentsOptions({ alert: id }))
  const incidents = data?.pages[0]?.incidents ?? []
  if (incidents.length === 0) return null
  return (
    <Panel title="Its incidents" note="Newest first." flush>
      <IncidentTable incidents={incidents} label="Incidents of this rule" />
    </Panel>
  )
}

function Ticks({ rule }: { rule: Alert }) {
  const { tz } = useView()
  const { data } = useQuery(evaluationsOptions(rule.id))
  if (data === undefined || data.length === 0) return null
  return (
    <Panel title="Evaluations" note="Newest first; kept for 35 days." flush>
      <TableScroll label="Evaluations" className={classes.ticks}>
        <table>
          <thead>
            <tr>
              <th scope="col">Tick ({tz})</th>
              <th scope="col" className="number">
                Value
              </th>
              <th scope="col">State</th>
              <th scope="col">Note</th>
            </tr>
          </thead>
          <tbody>
            {data.map((e) => (
              <tr key={e.tick}>
                <td className={classes.nowrap}>
                  <Time at={e.tick} zone={tz} />
                </td>
                <td className="number">{formatValue(rule.measure.kind, e.value)}</td>
                <td>
                  <StateMark state={e.state} />
                </td>
                <td>
                  {e.missed > 0 && `${e.missed} ticks before were never evaluated. `}
                  {e.note}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
