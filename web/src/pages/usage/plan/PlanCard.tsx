import { Button } from '@mantine/core'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import type { BillingInterval, Plan } from '../../../api/billing'
import { plural } from '../../../numbers/format'
import { formatMoney } from '../../../numbers/money'
import classes from './Plan.module.css'
import { feeOf, includedWords, limitWords, monthsSaved, tierWords } from './prices'

interface PlanCardProps {
  plan: Plan
  interval: BillingInterval
  currency: string
  /** Whether it is the plan that holds. */
  current: boolean
  /** Whether it holds for this interval and currency, too. */
  same: boolean
  higher: boolean
  /** Left out for those who may not choose. */
  onChoose?: () => void
}

/** One of the plans that stand side by side. */
export function PlanCard({ plan: p, interval, currency, current, same, higher, onChoose }: PlanCardProps) {
  const fee = feeOf(p, interval, currency) ?? feeOf(p, 'month', currency)
  const yearly = interval === 'year' && feeOf(p, 'year', currency) !== null
  const saved = monthsSaved(p, currency)
  const metered = p.prices.filter((m) => m.included !== null || m.tiers.length > 0)
  const unlimited = p.prices.filter((m) => m.included === null && m.tiers.length === 0)
  return (
    <li className={classes.card} data-current={current}>
      <header>
        <h3>
          {p.title}
          {current && <span className={classes.badge}>Your plan</span>}
        </h3>
        <p className="quiet">{p.summary}</p>
      </header>
      <p className={classes.fee}>
        {p.by_agreement && !current ? (
          <strong>By agreement</strong>
        ) : (
          <>
            <strong>{formatMoney(fee, currency)}</strong> <span className="quiet">{yearly ? 'a year' : 'a month'}</span>
          </>
        )}
        <small>
          {p.by_agreement && !current
            ? `From ${formatMoney(fee, currency)} ${yearly ? 'a year' : 'a month'}`
            : yearly && saved > 0
              ? `${plural(saved, 'month')} free`
              : p.trial_days > 0
                ? `${p.trial_days} days to try it`
                : ' '}
        </small>
      </p>
      <div className={classes.choose}>
        {same ? (
          <Button fullWidth variant="default" disabled>
            In force
          </Button>
        ) : p.by_agreement ? (
          <p className="quiet">Talk to whoever runs this installation.</p>
        ) : onChoose ? (
          <Button fullWidth variant={higher ? 'filled' : 'default'} onClick={onChoose}>
            {current ? `Pay ${yearly ? 'by the year' : 'by the month'}, in ${currency}` : `Change to ${p.title}`}
          </Button>
        ) : (
          <p className="quiet">Owners and admins change the plan.</p>
        )}
      </div>
      <div className={classes.all}>
        <dl className={classes.meters}>
          {metered.map((m) => (
            <div key={m.meter}>
              <dt>{includedWords(m)}</dt>
              {tierWords(m, currency).map((t) => (
                <dd key={t}>{t}</dd>
              ))}
            </div>
          ))}
        </dl>
        <ul className={classes.has}>
          {unlimited.length > 0 && (
            <Has>
              Unlimited{' '}
              {unlimited
                .map((m) => m.title.toLowerCase())
                .join(', ')
                .replace(/, ([^,]*)$/, ' and $1')}
            </Has>
          )}
          <Has>{limitWords(p)}</Has>
          {p.capabilities.map((c) => (
            <Has key={c}>{c}</Has>
          ))}
        </ul>
      </div>
    </li>
  )
}

function Has({ children }: { children: ReactNode }) {
  return (
    <li>
      <Check size={15} aria-hidden="true" />
      <span>{children}</span>
    </li>
  )
}
