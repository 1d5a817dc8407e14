import { ActionIcon, Button, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CalendarCheck, ChevronLeft, ChevronRight, TriangleAlert } from 'lucide-react'
import { useRef, useState, type KeyboardEvent } from 'react'
import { Link, useSearchParams } from 'react-router'
import { deadlinesOptions, type PrivacyRequest } from '../../api/privacy'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { dayOf } from '../../time/range'
import { useTravel, useView } from '../../view/useView'
import { dayByKey, dayName, isMonth, laterMonth, monthName, monthOf, weeksOf } from './month'
import classes from './Calendar.module.css'
import { Deadline, StateMark } from './Marks'
import shared from './Privacy.module.css'
import { PrivacyPage } from './PrivacyPage'
import { RequestTable } from './Requests'
import { requestTitle } from './words'

/** By when what must be answered. */
export default function Deadlines() {
  const me = useMe()
  return (
    <PrivacyPage
      title="Deadlines"
      lead="Each request has a month to be answered, and two more if you say why. Only what is open stands here."
    >
      {mayAnswerForPeople(me.role) && <Answer />}
    </PrivacyPage>
  )
}

function Answer() {
  const { data, error, refetch } = useQuery(deadlinesOptions)
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) {
    return (
      <Panel label="Deadlines">
        <SkeletonRows rows={8} />
      </Panel>
    )
  }
  const late = data.requests.filter((r) => r.overdue)
  return (
    <>
      {late.length > 0 && (
        <Panel
          title={`${plural(data.overdue, 'request')} overdue`}
          note="Owners and admins were told by mail. Answer the person, or say why it takes longer."
          flush
        >
          <RequestTable requests={late} label="Overdue requests" />
        </Panel>
      )}
      <Calendar requests={data.requests} />
    </>
  )
}

function Calendar({ requests }: { requests: readonly PrivacyRequest[] }) {
  const { tz } = useView()
  const [params, setParams] = useSearchParams()
  const [today] = useState(() => dayOf(new Date(), tz))
  const due = new Map<string, PrivacyRequest[]>()
  for (const r of requests) {
    const day = dayOf(new Date(r.deadline), tz)
    due.set(day, [...(due.get(day) ?? []), r])
  }
  const next = requests.find((r) => !r.overdue)
  const asked = params.get('month') ?? ''
  const month = isMonth(asked) ? asked : monthOf(today)
  const [chosen, setChosen] = useState(() => (next ? dayOf(new Date(next.deadline), tz) : today))
  const day = monthOf(chosen) === month ? chosen : month === monthOf(today) ? today : `${month}-01`
  const grid = useRef<HTMLTableElement>(null)

  const show = (m: string) =>
    setParams(
      (now) => {
        const n = new URLSearchParams(now)
        if (m === monthOf(today)) n.delete('month')
        else n.set('month', m)
        return n
      },
      { replace: true },
    )
  const choose = (d: string) => {
    setChosen(d)
    if (monthOf(d) !== month) show(monthOf(d))
  }
  const onKeyDown = (e: KeyboardEvent) => {
    const to = dayByKey(day, e.key)
    if (to === null) return
    e.preventDefault()
    choose(to)
    // The day may stand on another page of the calendar, which is drawn first.
    requestAnimationFrame(() => grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus())
  }
  const inMonth = [...due].filter(([d]) => monthOf(d) === month).reduce((n, [, rs]) => n + rs.length, 0)
  const onDay = due.get(day) ?? []
  return (
    <div className={classes.split}>
      <Panel
        title={monthName(month)}
        note={inMonth === 0 ? 'No deadline in this month.' : `${plural(inMonth, 'deadline')} in this month.`}
        actions={
          <>
            <ActionIcon
              variant="default"
              size="lg"
              aria-label="Month before"
              onClick={() => show(laterMonth(month, -1))}
            >
              <ChevronLeft size={17} />
            </ActionIcon>
            <Button variant="default" onClick={() => choose(today)}>
              Today
            </Button>
            <ActionIcon variant="default" size="lg" aria-label="Month after" onClick={() => show(laterMonth(month, 1))}>
              <ChevronRight size={17} />
            </ActionIcon>
          </>
        }
      >
        <table ref={grid} role="grid" className={classes.grid} aria-label={monthName(month)} onKeyDown={onKeyDown}>
          <thead>
            <tr>
              {weekdays.map((w) => (
                <th key={w} scope="col" aria-label={w}>
                  {w.slice(0, 3)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeksOf(month).map((week) => (
              <tr key={week[0]}>
                {week.map((d) => (
                  <Day
                    key={d}
                    day={d}
                    due={due.get(d) ?? []}
                    today={d === today}
                    chosen={d === day}
                    outside={monthOf(d) !== month}
                    onChoose={() => choose(d)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      <Panel title={dayName(day)} note={onDay.length === 0 ? undefined : `${plural(onDay.length, 'deadline')}.`} flush>
        {onDay.length > 0 ? (
          <DayList requests={onDay} />
        ) : (
          <Empty title="Nothing is due" icon={<CalendarCheck size={36} strokeWidth={1.4} />}>
            {requests.length === 0
              ? 'No request is open. When one is filed, its deadline shows here.'
              : 'Choose a day that is marked, or go from day to day with the arrow keys.'}
          </Empty>
        )}
      </Panel>
    </div>
  )
}

function DayList({ requests }: { requests: readonly PrivacyRequest[] }) {
  const travel = useTravel()
  return (
    <ul className={shared.dayList}>
      {requests.map((r) => (
        <li key={r.id}>
          <Link to={travel(`/privacy/requests/${r.id}`)}>{requestTitle(r)}</Link>
          <StateMark request={r} />
          <Deadline request={r} />
        </li>
      ))}
    </ul>
  )
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

interface DayProps {
  day: string
  due: readonly PrivacyRequest[]
  today: boolean
  chosen: boolean
  outside: boolean
  onChoose: () => void
}

function Day({ day, due, today, chosen, outside, onChoose }: DayProps) {
  const late = due.some((r) => r.overdue)
  const words = due.length === 0 ? '' : `, ${plural(due.length, 'deadline')}${late ? ', overdue' : ''}`
  return (
    <td role="gridcell" aria-selected={chosen}>
      <button
        type="button"
        className={classes.day}
        tabIndex={chosen ? 0 : -1}
        onClick={onChoose}
        data-chosen={chosen}
        data-outside={outside}
        data-today={today}
        data-due={due.length > 0}
        data-late={late}
      >
        <VisuallyHidden>{`${dayName(day)}${today ? ', today' : ''}${words}`}</VisuallyHidden>
        <span className={classes.date} aria-hidden="true">
          {Number(day.slice(8))}
        </span>
        {due.length > 0 && (
          <span className={classes.due} aria-hidden="true">
            {late && <TriangleAlert size={12} />}
            {formatNumber(due.length)} <span className={classes.wide}>due</span>
          </span>
        )}
      </button>
    </td>
  )
}
