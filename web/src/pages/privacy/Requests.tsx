import { Button, SegmentedControl, Select } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { CircleCheck, Plus, ShieldUser, TriangleAlert } from 'lucide-react'
import { Link, useSearchParams } from 'react-router'
import {
  deadlinesOptions,
  isOver,
  requestsOptions,
  type PrivacyRequest,
  type PrivacyRequestState,
  type PrivacyRequestType,
} from '../../api/privacy'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { More } from '../../parts/More'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { Deadline, StateMark } from './Marks'
import classes from './Privacy.module.css'
import { PrivacyPage } from './PrivacyPage'
import { deadlineWords, requestTitle, stepWords, typeNames, waitsForApproval } from './words'

const open: PrivacyRequestState[] = ['received', 'verified', 'suppressed', 'barrier', 'deleting', 'verifying']
const groups = {
  all: { label: 'All', states: [] },
  open: { label: 'Open', states: open },
  completed: { label: 'Completed', states: ['completed', 'completed_with_exceptions'] },
  failed: { label: 'Failed', states: ['failed'] },
  cancelled: { label: 'Cancelled', states: ['cancelled'] },
} as const satisfies Record<string, { label: string; states: readonly PrivacyRequestState[] }>
type Group = keyof typeof groups

const types: readonly PrivacyRequestType[] = ['erase', 'export', 'suppress', 'unsuppress', 'restrict', 'offboard']

/** What people have asked for, and how far it is. */
export default function Requests() {
  const me = useMe()
  const travel = useTravel()
  const may = mayAnswerForPeople(me.role)
  return (
    <PrivacyPage
      title="Privacy"
      lead="What your users may ask for about their own data, and the proof that it was done."
      actions={
        <Button component={Link} to={travel('/privacy/new')} leftSection={<Plus size={16} />}>
          New request
        </Button>
      }
    >
      {may && (
        <>
          <Standing />
          <List />
        </>
      )}
    </PrivacyPage>
  )
}

/** The answer of the page in one sentence. */
function Standing() {
  const travel = useTravel()
  const { data } = useQuery(deadlinesOptions)
  const next = data?.requests[0]
  if (data === undefined || next === undefined) return null
  const late = data.overdue > 0
  const Icon = late ? TriangleAlert : CircleCheck
  return (
    <Panel label="How it stands">
      <p className={classes.standing} data-late={late}>
        <Icon size={22} aria-hidden="true" />
        <span>
          <strong>
            {late ? `${plural(data.overdue, 'request')} overdue.` : `${plural(data.open, 'request')} open.`}
          </strong>{' '}
          {late ? (
            <>The law gives a month to answer, unless you have told the person why it takes longer. </>
          ) : (
            <>None is overdue. The next deadline is {deadlineWords(next.deadline).text}. </>
          )}
          <Link to={travel('/privacy/deadlines')}>See the deadlines</Link>
        </span>
      </p>
    </Panel>
  )
}

function List() {
  const [params, setParams] = useSearchParams()
  const asked = params.get('show')
  const group: Group = asked !== null && asked in groups ? (asked as Group) : 'all'
  const type = types.find((t) => t === params.get('type')) ?? null
  const answer = useInfiniteQuery(requestsOptions({ states: groups[group].states, type }))
  const requests = answer.data?.pages.flatMap((p) => p.requests)
  const change = (key: string, value: string | null) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (value === null) next.delete(key)
      else next.set(key, value)
      return next
    })
  return (
    <Panel
      title="Requests"
      flush
      actions={
        <div className={classes.filters}>
          <SegmentedControl
            size="xs"
            value={group}
            onChange={(g) => change('show', g === 'all' ? null : g)}
            data={Object.entries(groups).map(([value, { label }]) => ({ value, label }))}
            aria-label="Which requests"
          />
          <Select
            size="xs"
            aria-label="What was asked for"
            placeholder="Any type"
            data={types.map((t) => ({ value: t, label: typeNames[t] }))}
            value={type}
            onChange={(t) => change('type', t)}
            clearable
            clearButtonProps={{ 'aria-label': 'Any type' }}
          />
        </div>
      }
    >
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : requests === undefined ? (
        <SkeletonRows rows={8} />
      ) : requests.length === 0 ? (
        <None filtered={group !== 'all' || type !== null} />
      ) : (
        <>
          <RequestTable requests={requests} label="Requests" />
          <More answer={answer}>Show older requests</More>
        </>
      )}
    </Panel>
  )
}

function None({ filtered }: { filtered: boolean }) {
  const travel = useTravel()
  return filtered ? (
    <Empty
      title="None of this kind"
      icon={<ShieldUser size={36} strokeWidth={1.4} />}
      action={
        <Button component={Link} to={travel('/privacy')} variant="default">
          Show all
        </Button>
      }
    >
      No request is in one of these states.
    </Empty>
  ) : (
    <Empty
      title="Nobody has asked yet"
      icon={<ShieldUser size={36} strokeWidth={1.4} />}
      action={
        <Button component={Link} to={travel('/privacy/new')}>
          File the first request
        </Button>
      }
    >
      When one of your users wants to be forgotten, or to see what you hold about them, file it here. Observatory finds
      everything of theirs, in every place, and proves what became of it.
    </Empty>
  )
}

/** Requests as rows. */
export function RequestTable({ requests, label }: { requests: readonly PrivacyRequest[]; label: string }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <TableScroll label={label} className={classes.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">Request</th>
            <th scope="col">State</th>
            <th scope="col">Deadline</th>
            <th scope="col">Filed ({tz})</th>
          </tr>
        </thead>
        <tbody>
          {requests.map((r) => (
            <tr key={r.id}>
              <td className={classes.what}>
                <Link to={travel(`/privacy/requests/${r.id}`)}>{requestTitle(r)}</Link>
                {r.note !== '' && <div className={`quiet ${classes.note}`}>{r.note}</div>}
              </td>
              <td>
                <StateMark request={r} />
                {!isOver(r) && !waitsForApproval(r) && <span className={classes.gloss}>{stepWords(r).now}</span>}
              </td>
              <td className={classes.nowrap}>
                <Deadline request={r} />
              </td>
              <td className={classes.nowrap}>
                <Time at={r.filed_at} zone={tz} />
                <div className="quiet">{r.filed_by}</div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
