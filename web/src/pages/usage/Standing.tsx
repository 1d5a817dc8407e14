import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { draft, invoiceOptions, type Quota } from '../../api/billing'
import type { UsageMonth } from '../../api/usage'
import { formatNumber } from '../../numbers/format'
import { formatMoney } from '../../numbers/money'
import { Figure, Figures } from '../../parts/Figures'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { forecastWords, madeFrom } from './forecast'
import { LimitBar } from './LimitBar'
import { formatWithUnit } from './quantity'
import classes from './Usage.module.css'
import { reachWords } from './quota/words'
import { monthOf } from './words'

interface StandingProps {
  usage: UsageMonth
  running: boolean
  /** Of the running month; undefined as long as it is not known. */
  quota: Quota | undefined
}

/** The answer of the page: how much was used, where it is going, and what it costs. */
export function Standing({ usage, running, quota }: StandingProps) {
  const { tz } = useView()
  const travel = useTravel()
  const { data: bill } = useQuery({ ...invoiceOptions(draft), enabled: running })
  const events = usage.meters.find((m) => m.meter === 'events')
  if (events === undefined) return null
  const limit = running ? limitToTell(quota) : null
  const over = limit !== null && events.quantity >= limit
  const reached = quota === undefined ? null : reachWords(quota)
  const held = quota?.held.reduce((n, h) => n + h.events, 0)
  return (
    <Panel label="How it stands">
      <div className={classes.standing}>
        <div>
          <Sentence attention={over}>
            <strong>{formatNumber(events.quantity)}</strong>
            {limit !== null && <> of {formatNumber(limit)}</>}{' '}
            {events.quantity === 1 && limit === null ? 'event' : 'events'} used in {monthOf(usage)}
          </Sentence>
          {running && (
            <p className="quiet">
              {events.forecast === null
                ? 'Nothing was used lately, so nothing is expected.'
                : `${madeFrom(events.forecast)}, the month comes to ${forecastWords(events.forecast, events)}.`}
              {reached !== null && (
                <>
                  {' '}
                  <span className={classes.reach}>{reached}</span>
                </>
              )}
            </p>
          )}
          {limit !== null && (
            <LimitBar used={events.quantity} expected={events.forecast?.expected ?? null} limit={limit} />
          )}
        </div>
        {running && (
          <Figures large>
            <Figure name="This hour">{formatWithUnit(events.this_hour, events)}</Figure>
            <Figure name="So far, before tax">
              <Link to={travel(`/usage/invoices/${draft}`)}>
                {bill === undefined ? '…' : formatMoney(bill.total, bill.currency)}
              </Link>
            </Figure>
            {held !== undefined && held > 0 && (
              <Figure name="Held">
                <Link to={travel('/usage/quota')}>{formatWithUnit(held, events)}</Link>
              </Figure>
            )}
          </Figures>
        )}
      </div>
      <p className={classes.fresh}>
        Months and hours are those of UTC.{' '}
        {usage.counted_at === null ? (
          'Not counted yet.'
        ) : (
          <>
            Counted <Time at={usage.counted_at} zone={tz} />
            {usage.complete ? ': everything that was received in it is in.' : '; counted again every minute.'}
          </>
        )}
      </p>
    </Panel>
  )
}

/** The limit, where it means something: a spend cap pays for so many events that it is told only when half of them are in sight. */
function limitToTell(q: Quota | undefined): number | null {
  if (q?.limit === undefined) return null
  const near = 2 * Math.max(q.used, q.forecast?.expected ?? 0) >= q.limit.events
  return q.limit.because === 'plan' || near ? q.limit.events : null
}
