import { Ban, CircleCheck, CircleDashed, CircleDot, TriangleAlert, Undo2 } from 'lucide-react'
import type { InvoiceHead, InvoiceState } from '../../../api/billing'
import { stateNames } from '../words'
import classes from './Invoices.module.css'

const icons = {
  draft: CircleDashed,
  issued: CircleDot,
  paid: CircleCheck,
  past_due: TriangleAlert,
  uncollectible: Ban,
  void: Ban,
} satisfies Record<InvoiceState, unknown>

/** Where an invoice stands with its payment. A credit note stands nowhere: its amount is credited. */
export function InvoiceMark({ invoice: i }: { invoice: Pick<InvoiceHead, 'kind' | 'state' | 'total'> }) {
  const credited = i.kind === 'credit_note'
  const Icon = credited ? Undo2 : icons[i.state]
  return (
    <span className={classes.mark} data-state={credited ? 'credited' : i.state}>
      <Icon size={15} aria-hidden="true" />
      {credited ? 'Credited' : i.state === 'issued' && i.total === 0 ? 'Nothing to pay' : stateNames[i.state]}
    </span>
  )
}
