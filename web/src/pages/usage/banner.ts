import type { Payment, Quota } from '../../api/billing'
import { formatNumber, plural } from '../../numbers/format'
import { formatDay } from '../../time/format'
import { billingZone } from './words'

export interface Banner {
  tone: 'calm' | 'attention' | 'loss'
  text: string
  to: string
  link: string
}

type Paying = Pick<Payment, 'standing' | 'suspended_by' | 'next'>
type Room = Pick<Quota, 'limit' | 'left' | 'held' | 'releasing'>

/** The gravest thing that there is to say; null: all is well, or not known yet. What is refused comes before what is held, and that before what may be. */
export function bannerOf(quota: Room | undefined, payment: Paying | undefined): Banner | null {
  switch (payment?.standing) {
    case 'suspended':
      return {
        tone: 'loss',
        text:
          payment.suspended_by === null
            ? 'Events are refused, because an invoice is unpaid. What is stored is safe.'
            : 'Events are refused: your organization was suspended. What is stored is safe.',
        to: '/usage/payment',
        link: 'What to do',
      }
    case 'restricted':
      return {
        tone: 'attention',
        text: 'Events are held until an invoice is paid. Nothing is lost.',
        to: '/usage/payment',
        link: 'What to do',
      }
    default:
  }
  const held = quota?.held.find((h) => h.reason === 'over_quota')?.events ?? 0
  if (quota?.releasing === true) {
    return { tone: 'calm', text: 'Held events are being stored.', to: '/usage/quota', link: 'See how far it is' }
  }
  if (quota?.limit?.then === 'hold' && quota.left === 0) {
    return {
      tone: 'attention',
      text: `The limit of ${formatNumber(quota.limit.events)} events is reached. ${
        held === 0
          ? 'More events are held, not lost.'
          : `${plural(held, 'event')} ${held === 1 ? 'is' : 'are'} held, not lost.`
      }`,
      to: '/usage/quota',
      link: 'What to do',
    }
  }
  if (payment?.standing === 'past_due') {
    const until =
      payment.next === undefined ? '' : ` Everything works until ${formatDay(payment.next.at, billingZone)}.`
    return { tone: 'attention', text: `An invoice is past due.${until}`, to: '/usage/payment', link: 'See it' }
  }
  return null
}
