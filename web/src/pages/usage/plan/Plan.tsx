import { Button, SegmentedControl, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { plansOptions, subscriptionOptions, type BillingInterval, type Subscription } from '../../../api/billing'
import { mayManageBilling, maySeeBilling } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatMoney } from '../../../numbers/money'
import { Facts } from '../../../parts/Facts'
import { Panel } from '../../../parts/Page'
import { Sentence } from '../../../parts/Sentence'
import { ErrorNote, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { formatDay } from '../../../time/format'
import { useView } from '../../../view/useView'
import { UsagePage } from '../UsagePage'
import { billingZone } from '../words'
import { ChangePlan } from './ChangePlan'
import classes from './Plan.module.css'
import { PlanCard } from './PlanCard'
import { wishFor, type Wish } from './prices'

/** The plan that holds, the others beside it, and the way from one to another. */
export default function Plan() {
  const me = useMe()
  return (
    <UsagePage
      title="Plan"
      lead="What you agreed to, and what else there is. A change is shown with what it costs before it is made."
    >
      {maySeeBilling(me.role) && <Content />}
    </UsagePage>
  )
}

function Content() {
  const { data: now, error, refetch } = useQuery(subscriptionOptions)
  const [wish, setWish] = useState<Wish | null>(null)
  if (error && !now) return <ErrorNote error={error} retry={() => void refetch()} />
  if (now === undefined) {
    return (
      <Panel label="Your plan">
        <SkeletonRows rows={5} />
      </Panel>
    )
  }
  return (
    <>
      <Current now={now} onWish={setWish} />
      <SideBySide now={now} onWish={setWish} />
      <History now={now} />
      <ChangePlan now={now} wish={wish} onWish={setWish} onClose={() => setWish(null)} />
    </>
  )
}

const intervalNames: Record<BillingInterval, string> = { month: 'by the month', year: 'by the year' }

function Current({ now, onWish }: { now: Subscription; onWish: (wish: Wish) => void }) {
  const { tz } = useView()
  const me = useMe()
  const { terms: t, plan, coupon } = now
  const edit = () => onWish(wishFor(plan, t.interval, t.currency, now))
  return (
    <Panel
      label="Your plan"
      title="Your plan"
      actions={
        mayManageBilling(me.role) && (
          <Button variant="default" onClick={edit}>
            Coupon and spend cap
          </Button>
        )
      }
    >
      <Sentence>
        You are on <strong>{plan.title}</strong>
        {now.trial && t.trial_until !== null && <>, on trial until {formatDay(t.trial_until, billingZone)}</>}
      </Sentence>
      <p className="quiet">
        {now.trial
          ? 'Until then nothing costs anything.'
          : now.next !== undefined && now.next_plan !== undefined
            ? ''
            : plan.summary}
        {now.next !== undefined && now.next_plan !== undefined && (
          <>
            {now.trial && ' '}
            From <Time at={now.next.from} zone={tz} /> on it is {now.next_plan.title},{' '}
            {intervalNames[now.next.interval]}.
          </>
        )}
      </p>
      <Facts
        facts={[
          [
            'Fee',
            `${formatMoney(plan.fees[t.interval]?.[t.currency] ?? 0, t.currency)} ${t.interval === 'month' ? 'a month' : 'a year'}, in proportion to the hours`,
          ],
          ['Currency', t.currency],
          ['Since', <Time key="s" at={t.from} zone={tz} />],
          ['Coupon', coupon === undefined ? 'None' : couponWords(coupon, t.currency)],
          [
            'Spend cap',
            t.spend_cap === null
              ? 'None'
              : `${formatMoney(t.spend_cap, t.currency)} a month; events beyond it are held for ${plan.limit.keep_days} days`,
          ],
        ]}
      />
    </Panel>
  )
}

function couponWords(c: NonNullable<Subscription['coupon']>, currency: string): string {
  const off =
    c.percent !== undefined ? `${c.percent}%` : `up to ${formatMoney(c.amounts?.[currency] ?? null, currency)}`
  if (c.month > c.months) return `${c.code}, used up`
  return `${c.code}: ${off} off, month ${c.month} of ${c.months}`
}

function SideBySide({ now, onWish }: { now: Subscription; onWish: (wish: Wish) => void }) {
  const me = useMe()
  const { data, error, refetch } = useQuery(plansOptions)
  const [interval, setInterval] = useState<BillingInterval>(now.terms.interval)
  const [currency, setCurrency] = useState(now.terms.currency)
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  return (
    <section className={classes.side} aria-label="Plans side by side">
      <header className={classes.head}>
        <h2>Plans side by side</h2>
        <div className={classes.controls}>
          <SegmentedControl
            size="xs"
            value={interval}
            onChange={setInterval}
            data={[
              { value: 'month', label: 'By the month' },
              { value: 'year', label: 'By the year' },
            ]}
            aria-label="How often the fee is due"
          />
          <Select
            size="xs"
            aria-label="Currency"
            value={currency}
            onChange={(c) => c !== null && setCurrency(c)}
            data={(data?.currencies ?? []).map((c) => c.code)}
            allowDeselect={false}
            w={90}
          />
        </div>
      </header>
      {data === undefined ? (
        <SkeletonRows rows={8} />
      ) : (
        <ul className={classes.cards}>
          {data.plans.map((p) => (
            <PlanCard
              key={p.key}
              plan={p}
              interval={interval}
              currency={currency}
              current={p.key === now.terms.plan}
              same={p.key === now.terms.plan && interval === now.terms.interval && currency === now.terms.currency}
              higher={p.rank > now.plan.rank}
              {...(mayManageBilling(me.role) && { onChoose: () => onWish(wishFor(p, interval, currency, now)) })}
            />
          ))}
        </ul>
      )}
      <p className="quiet">
        Prices are before tax. Fees and included amounts are in proportion to the hours of the month.
      </p>
    </section>
  )
}

/** Everything that held before, newest first. Terms are never changed: others follow. */
function History({ now }: { now: Subscription }) {
  const { tz } = useView()
  const { data } = useQuery(plansOptions)
  if (now.history.length < 2) return null
  const title = (key: string) => data?.plans.find((p) => p.key === key)?.title ?? key
  return (
    <Panel title="What was agreed to" note="Terms are never changed: others follow." flush>
      <TableScroll label="What was agreed to">
        <table>
          <thead>
            <tr>
              <th scope="col">From ({tz})</th>
              <th scope="col">Plan</th>
              <th scope="col">Fee</th>
              <th scope="col">Coupon</th>
              <th scope="col" className="number">
                Spend cap
              </th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {now.history.map((t) => (
              <tr key={t.revision}>
                <td className={classes.nowrap}>
                  <Time at={t.from} zone={tz} />
                </td>
                <td>
                  {title(t.plan)}
                  {t.trial_until !== null && (
                    <span className="quiet">, trial until {formatDay(t.trial_until, billingZone)}</span>
                  )}
                </td>
                <td>
                  {intervalNames[t.interval]}, {t.currency}
                </td>
                <td>{t.coupon}</td>
                <td className="number">{formatMoney(t.spend_cap, t.currency)}</td>
                <td>{t.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
