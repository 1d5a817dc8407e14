import type { BillingInterval, MeterPrice, Plan, Subscription, SubscriptionChange } from '../../../api/billing'
import { formatNumber } from '../../../numbers/format'
import { formatMoney } from '../../../numbers/money'

/** The fee of a plan for an interval; null where it can not be had so. */
export function feeOf(plan: Plan, interval: BillingInterval, currency: string): number | null {
  return plan.fees[interval]?.[currency] ?? null
}

/** How many whole months' fees a year saves; 0 where it saves none. */
export function monthsSaved(plan: Plan, currency: string): number {
  const [month, year] = [feeOf(plan, 'month', currency), feeOf(plan, 'year', currency)]
  if (month === null || year === null || month === 0) return 0
  return Math.floor((12 * month - year) / month)
}

/** 1,000,000 -> "1 million": plans speak of round numbers. */
function round(n: number): string {
  if (n >= 1e9 && n % 1e8 === 0) return `${formatNumber(n / 1e9)} billion`
  if (n >= 1e6 && n % 1e5 === 0) return `${formatNumber(n / 1e6)} million`
  return formatNumber(n)
}

/** What of a meter is included: "5 million events", "300 GB-days of storage". */
export function includedWords(p: MeterPrice): string {
  const title = p.title.toLowerCase()
  if (p.included === null) return `Unlimited ${title}`
  return `${round(p.included)} ${title.endsWith(p.unit) ? title : `${p.unit} of ${title}`}`
}

/** What more of it costs, a line for each tier: "then USD 0.03 per 1,000 up to 20 million". */
export function tierWords(p: MeterPrice, currency: string): string[] {
  return p.tiers.map((t, i) => {
    const amount = formatMoney(t.amounts[currency], currency)
    const per =
      t.per === 1
        ? 'each'
        : `per ${round(t.per).replace(/^1 /, '')}${p.title.toLowerCase().endsWith(p.unit) ? '' : ` ${p.unit}`}`
    const begin = i === 0 && p.included === 0 ? '' : 'then '
    return `${begin}${amount} ${per}${t.up_to === null ? '' : ` up to ${round(t.up_to)}`}`
  })
}

/** What happens to events beyond the limit. */
export function limitWords(plan: Plan): string {
  const { at, then, keep_days: days } = plan.limit
  if (then === 'hold' && at !== null) {
    return `Events beyond ${round(at)} are held for ${formatNumber(days)} days, and stored when you upgrade`
  }
  return 'Events are never held, unless you set a spend cap'
}

/** What is asked for when a plan is chosen: what the body leaves out is not kept, so what was agreed to goes along. */
export interface Wish {
  plan: string
  interval: BillingInterval
  currency: string
  trial: boolean
  coupon: string
  /** Minor units; null: none. */
  spendCap: number | null
  at: 'now' | 'next_month'
}

export function wishFor(plan: Plan, interval: BillingInterval, currency: string, now: Subscription): Wish {
  return {
    plan: plan.key,
    interval: feeOf(plan, interval, currency) === null ? 'month' : interval,
    currency,
    trial: false,
    coupon: now.terms.coupon ?? '',
    spendCap: now.terms.currency === currency ? now.terms.spend_cap : null,
    at: 'now',
  }
}

export function changeOf(wish: Wish, now: Subscription): SubscriptionChange {
  const coupon = wish.coupon.trim().toUpperCase()
  return {
    plan: wish.plan,
    interval: wish.interval,
    currency: wish.currency,
    at: wish.at,
    base_revision: now.revision,
    ...(wish.trial ? { trial: true } : {}),
    ...(coupon === '' ? {} : { coupon }),
    ...(wish.spendCap === null ? {} : { spend_cap: wish.spendCap }),
  }
}
