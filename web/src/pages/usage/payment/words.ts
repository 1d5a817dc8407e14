import type { Payment } from '../../../api/billing'

/** How it stands, and what that means for events. */
export function standingWords(p: Pick<Payment, 'standing' | 'suspended_by' | 'owed'>): {
  title: string
  text: string
  calm: boolean
} {
  switch (p.standing) {
    case 'ok':
      return p.owed.length === 0
        ? { title: 'All is paid', text: 'Every invoice so far is paid.', calm: true }
        : { title: 'Nothing is overdue', text: 'What is owed is not due yet.', calm: true }
    case 'past_due':
      return {
        title: 'An invoice is past due',
        text: 'Everything works as always: events are stored and can be asked about.',
        calm: false,
      }
    case 'restricted':
      return {
        title: 'Events are held until an invoice is paid',
        text: 'They are acknowledged and kept. Once it is paid they are stored, under their own IDs and times. Asking works as always.',
        calm: false,
      }
    case 'suspended':
      return {
        title: 'Events are refused',
        text:
          p.suspended_by === null
            ? 'Senders get the answer 402 payment_required. Nothing that is stored is lost, and asking works as always. All works again once it is paid.'
            : 'Whoever runs this installation has suspended your organization. Senders get the answer 402. Nothing that is stored is lost, and asking works as always.',
        calm: false,
      }
  }
}

/** What happens unless it is paid; null: nothing. */
export function nextWords(p: Pick<Payment, 'next'>): string | null {
  switch (p.next?.standing) {
    case 'past_due':
      return 'it is past due. Everything still works then.'
    case 'restricted':
      return 'events are held from then on, and stored once it is paid.'
    case 'suspended':
      return 'events are refused from then on.'
    default:
      return null
  }
}

/** What there is to do; null: nothing. */
export function stepWords(p: Pick<Payment, 'step'>): string | null {
  switch (p.step) {
    case 'none':
      return null
    case 'pay':
      return 'Pay it on the page of the invoice.'
    case 'wait':
      return 'It is collected by itself: there is nothing to do.'
    case 'add_way':
      return 'Say how you pay, and it is collected by itself.'
    case 'renew_way':
      return 'Your card expires or was declined: give another one.'
    case 'bank_details':
      return 'Pay as the invoice says; whoever runs this installation notes it down.'
    case 'contact':
      return 'Talk to whoever runs this installation.'
  }
}

export const differenceNames: Record<Payment['differences'][number]['reason'], string> = {
  too_late_to_take_back: 'A day had gone by, and nothing can be taken back after that',
  too_old_to_tell: 'It became known too late to tell the provider',
  unknown_outcome: 'The provider did not say whether it took it',
  more_than_told: 'The provider counts more than it was told',
}
