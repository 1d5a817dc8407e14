import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, PackageOpen } from 'lucide-react'
import { Link } from 'react-router'
import { quotaOptions, useRelease, type Quota as QuotaState, type QuotaHeld } from '../../../api/billing'
import { mayManageBilling, maySeeBilling } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatNumber, plural } from '../../../numbers/format'
import { Facts } from '../../../parts/Facts'
import { Panel } from '../../../parts/Page'
import { Sentence } from '../../../parts/Sentence'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { formatDay, formatMonth } from '../../../time/format'
import { useTravel, useView } from '../../../view/useView'
import { roughly } from '../forecast'
import { LimitBar } from '../LimitBar'
import { UsagePage } from '../UsagePage'
import { billingZone } from '../words'
import classes from './Quota.module.css'
import { beyondWords, heldReasons, noticeWords, reachWords } from './words'

/** How many events may be stored this month, and what is held beyond it. */
export default function Quota() {
  const me = useMe()
  const { data, error, refetch } = useQuery({ ...quotaOptions, enabled: maySeeBilling(me.role) })
  return (
    <UsagePage
      title="Quota"
      lead="How many events a month has room for. Nothing is ever dropped in silence: what is beyond is held, and its receipts say so."
    >
      {!maySeeBilling(me.role) ? null : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Panel label="How it stands">
          <SkeletonRows rows={6} />
        </Panel>
      ) : (
        <>
          <Standing quota={data} />
          <Held quota={data} />
          <Told quota={data} />
        </>
      )}
    </UsagePage>
  )
}

function Standing({ quota: q }: { quota: QuotaState }) {
  const travel = useTravel()
  const month = formatMonth(`${q.month}-01T00:00:00Z`, billingZone)
  if (q.limit === undefined) {
    return (
      <Panel label="How it stands">
        <Sentence>
          <strong>{plural(q.used, 'event')}</strong> in {month}, and no limit
        </Sentence>
        <p className="quiet">
          Your plan has none, so nothing is held for its number.{' '}
          <Link to={travel('/usage/plan')}>A spend cap can be set with the plan</Link>
        </p>
      </Panel>
    )
  }
  const reached = reachWords(q)
  return (
    <Panel label="How it stands">
      <Sentence attention={q.left === 0}>
        <strong>{formatNumber(q.used)}</strong> of {formatNumber(q.limit.events)} events in {month}
      </Sentence>
      <p className="quiet">
        {q.left !== undefined && `${formatNumber(q.left)} left. `}
        {reached !== null && <span className={classes.reach}>{reached} </span>}
        {beyondWords(q.limit)}
      </p>
      <div className={classes.bar}>
        <LimitBar used={q.used} expected={q.forecast?.expected ?? null} limit={q.limit.events} />
      </div>
      <Facts
        facts={[
          ['Set by', q.limit.because === 'plan' ? 'Your plan' : 'Your spend cap: as many events as it pays for'],
          ...(q.limit.extra > 0
            ? [['Granted on top', `${formatNumber(q.limit.extra)} events, this month`] as const]
            : []),
          ['Expected by the end', q.forecast === undefined ? '' : `About ${roughly(q.forecast.expected)} events`],
          ['Counted', 'Events stored this month (UTC). Duplicates, bots, quarantine and tests are not'],
        ]}
      />
      <div className={classes.act}>
        <Button component={Link} to={travel('/usage/plan')} variant={q.left === 0 ? 'filled' : 'default'}>
          {q.limit.because === 'plan' ? 'See the plans' : 'Change the spend cap'}
        </Button>
      </div>
    </Panel>
  )
}

function Held({ quota: q }: { quota: QuotaState }) {
  const me = useMe()
  const release = useRelease()
  const all = q.held.reduce((n, h) => n + h.events, 0)
  const room = q.standing === 'open' && (q.left === undefined || q.left > 0)
  return (
    <Panel
      title={all === 0 ? 'Held events' : `${plural(all, 'event')} held`}
      note={
        q.releasing
          ? 'They are being stored now, under their own IDs and times.'
          : all > 0
            ? 'They were acknowledged and are kept aside. They are stored by themselves as soon as your plan allows more, and cost nothing until then.'
            : undefined
      }
      flush={all > 0}
      actions={
        all > 0 &&
        mayManageBilling(me.role) && (
          <Button
            variant="default"
            disabled={!room || q.releasing}
            loading={release.isPending || q.releasing}
            onClick={() => release.mutate()}
          >
            Store them now
          </Button>
        )
      }
    >
      {release.error && (
        <div className={classes.error}>
          <FormError error={release.error} />
        </div>
      )}
      {all === 0 ? (
        <Empty title="Nothing is held" icon={<PackageOpen size={36} strokeWidth={1.4} />}>
          Events beyond a limit, or of an unpaid time, would wait here until they are stored or their time is over.
        </Empty>
      ) : (
        <HeldTable held={q.held} />
      )}
      {all > 0 && !room && !q.releasing && (
        <p className={classes.foot}>
          {q.standing === 'open'
            ? 'There is no room for them this month: a higher plan or cap makes some.'
            : 'They are stored once what is owed is paid.'}
        </p>
      )}
    </Panel>
  )
}

function HeldTable({ held }: { held: readonly QuotaHeld[] }) {
  const { tz } = useView()
  return (
    <TableScroll label="Held events">
      <table>
        <thead>
          <tr>
            <th scope="col">Why</th>
            <th scope="col" className="number">
              Events
            </th>
            <th scope="col">Held since ({tz})</th>
            <th scope="col">They go for good</th>
          </tr>
        </thead>
        <tbody>
          {held.map((h) => (
            <tr key={h.reason}>
              <td>{heldReasons[h.reason]}</td>
              <td className="number">{formatNumber(h.events)}</td>
              <td className={classes.nowrap}>
                <Time at={h.since} zone={tz} />
              </td>
              <td>
                {formatDay(h.expires_from, tz) === formatDay(h.expires_to, tz)
                  ? formatDay(h.expires_to, tz)
                  : `${formatDay(h.expires_from, tz)} to ${formatDay(h.expires_to, tz)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

/** What owners and admins were told this month. */
function Told({ quota: q }: { quota: QuotaState }) {
  const { tz } = useView()
  return (
    <Panel title="Warnings of this month" note="Owners and admins get each of them once a month, by mail." flush>
      {q.warnings.length === 0 ? (
        <Empty title="No warning" icon={<CircleCheck size={36} strokeWidth={1.4} />}>
          You are told when half, 80% and all of the limit are used, when it looks as if it will be, and before held
          events go.
        </Empty>
      ) : (
        <ul className={classes.told}>
          {q.warnings.map((w) => (
            <li key={w.notice}>
              <span className="quiet">
                <Time at={w.at} zone={tz} />
              </span>
              <span>{noticeWords(w)}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
