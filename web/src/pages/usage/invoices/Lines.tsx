import { ChevronRight } from 'lucide-react'
import { Fragment } from 'react'
import { useSearchParams } from 'react-router'
import type { Invoice, InvoiceLine } from '../../../api/billing'
import { formatAmount } from '../../../numbers/money'
import { TableScroll } from '../../../parts/TableScroll'
import { formatWithUnit } from '../quantity'
import { useUnits } from '../useUnits'
import { monthOf } from '../words'
import classes from './Invoices.module.css'
import { LineDays } from './LineDays'

/** Whether a line is made of what was metered, so that it opens. */
const opens = (l: InvoiceLine) => l.meter !== undefined && (l.kind === 'usage' || l.kind === 'correction')

/** The lines of an invoice. Which one is open, and how far, stands in the address, so that it can be shown to others. */
export function Lines({ invoice: i }: { invoice: Invoice }) {
  const [params, setParams] = useSearchParams()
  const open = params.get('line')
  const toggle = (line: string) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now)
        for (const key of ['line', 'day', 'hour']) next.delete(key)
        if (open !== line) next.set('line', line)
        return next
      },
      { replace: true, preventScrollReset: true },
    )
  return (
    <TableScroll label="Lines">
      <table className={classes.lines}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className="number">
              Quantity
            </th>
            <th scope="col">Tier</th>
            <th scope="col">Unit price</th>
            <th scope="col" className="number">
              Amount ({i.currency})
            </th>
          </tr>
        </thead>
        <tbody>
          {i.lines.map((l) => (
            <Fragment key={l.id}>
              <tr data-open={open === l.id}>
                <td className={classes.text}>
                  {opens(l) ? (
                    <button
                      type="button"
                      className={classes.opener}
                      aria-expanded={open === l.id}
                      onClick={() => toggle(l.id)}
                    >
                      <ChevronRight size={15} aria-hidden="true" />
                      <LineText line={l} invoice={i} />
                    </button>
                  ) : (
                    <span className={classes.closed}>
                      <LineText line={l} invoice={i} />
                    </span>
                  )}
                </td>
                <td className="number">
                  <Quantity line={l} />
                </td>
                <td className={classes.nowrap}>{l.tier}</td>
                <td className={classes.nowrap}>{l.unit}</td>
                <td className="number">{formatAmount(l.amount, i.currency)}</td>
              </tr>
              {open === l.id && opens(l) && (
                <tr>
                  <td colSpan={5} className={classes.below}>
                    <div className={classes.inside}>
                      <LineDays invoice={i.id} line={l} />
                    </div>
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td colSpan={4}>{i.kind === 'credit_note' ? 'Credited' : 'Total before tax'}</td>
            <td className="number">{formatAmount(i.total, i.currency)}</td>
          </tr>
        </tfoot>
      </table>
    </TableScroll>
  )
}

/** What a line says, and of which month it is where that is another one. */
export function LineText({ line: l, invoice: i }: { line: InvoiceLine; invoice: Pick<Invoice, 'period'> }) {
  return (
    <span>
      <span>{l.text}</span>
      {l.kind === 'correction' && l.charged_for.from !== i.period.from && (
        <small>Of {monthOf(l.charged_for)}, known since its invoice</small>
      )}
    </span>
  )
}

/** How much a line is about: only of what is metered. */
export function Quantity({ line: l }: { line: InvoiceLine }) {
  const unit = useUnits()(l.meter)
  if (unit === undefined) return null
  return <>{formatWithUnit(l.quantity, unit)}</>
}
