import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Printer } from 'lucide-react'
import { useParams } from 'react-router'
import { invoiceOptions, type Invoice } from '../../../api/billing'
import { maySeeBilling } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatAmount, formatMoney } from '../../../numbers/money'
import { Figure, Figures } from '../../../parts/Figures'
import { Desk, Sheet, SheetLead } from '../../../parts/Sheet'
import { Empty, ErrorNote, SkeletonRows } from '../../../parts/States'
import { formatDay, formatPeriod } from '../../../time/format'
import { useTravel } from '../../../view/useView'
import { billingZone, invoiceTitle, monthOf, stateNames } from '../words'
import { LineText, Quantity } from './Lines'

/** An invoice as a sheet of paper. */
export default function PrintPage() {
  const { invoice: id = '' } = useParams()
  const me = useMe()
  const travel = useTravel()
  const may = maySeeBilling(me.role)
  const { data, error, refetch } = useQuery({ ...invoiceOptions(id), enabled: may })
  return (
    <Desk
      title={data === undefined ? 'Invoice' : invoiceTitle(data)}
      organization={me.tenant.name}
      back={[travel(`/usage/invoices/${id}`), 'The invoice']}
      actions={
        data && (
          <Button leftSection={<Printer size={16} />} onClick={() => window.print()}>
            Print
          </Button>
        )
      }
    >
      {!may ? (
        <Empty title="For owners, admins and analysts">Ask one of {me.tenant.name} for this invoice.</Empty>
      ) : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Sheet>
          <SkeletonRows rows={12} />
        </Sheet>
      ) : (
        <Paper invoice={data} />
      )}
    </Desk>
  )
}

function Paper({ invoice: i }: { invoice: Invoice }) {
  const { tenant } = useMe()
  const issued = i.issued_at !== undefined
  return (
    <Sheet number={issued ? i.number : 'Not issued'}>
      <h1>{invoiceTitle(i)}</h1>
      <SheetLead>
        {i.kind === 'credit_note'
          ? `It lowers what was charged for ${monthOf(i.period)}.`
          : `For what was used in ${monthOf(i.period)}.`}
      </SheetLead>
      <Figures>
        <Figure name="For">
          <strong>{i.tenant_name}</strong>
          <br />
          <span className="quiet">{tenant.id}</span>
        </Figure>
        <Figure name="Period">
          {formatPeriod({ from: new Date(i.period.from), to: new Date(i.period.to) }, billingZone)}
        </Figure>
        {i.issued_at !== undefined && <Figure name="Issued">{formatDay(i.issued_at, billingZone)}</Figure>}
        {i.due_at !== undefined && i.kind === 'invoice' && (
          <Figure name="Due">{formatDay(i.due_at, billingZone)}</Figure>
        )}
        {i.kind === 'invoice' && <Figure name="State">{stateNames[i.state]}</Figure>}
      </Figures>
      <section tabIndex={0} role="region" aria-label="Lines">
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col" className="number">
                Quantity
              </th>
              <th scope="col">Tier</th>
              <th scope="col">Unit price</th>
              <th scope="col" className="number">
                {i.currency}
              </th>
            </tr>
          </thead>
          <tbody>
            {i.lines.map((l) => (
              <tr key={l.id}>
                <td>
                  <LineText line={l} invoice={i} />
                </td>
                <td className="number">
                  <Quantity line={l} />
                </td>
                <td>{l.tier}</td>
                <td>{l.unit}</td>
                <td className="number">{formatAmount(l.amount, i.currency)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={4}>
                <strong>{i.kind === 'credit_note' ? 'Credited' : 'Total before tax'}</strong>
              </td>
              <td className="number">
                <strong>{formatMoney(i.total, i.currency)}</strong>
              </td>
            </tr>
          </tfoot>
        </table>
      </section>
      <section className="quiet">
        <p>
          Months and hours are those of UTC. Each line can be taken apart into days, hours and events at{' '}
          <span className="mono">
            {window.location.origin}/usage/invoices/{i.id}
          </span>
        </p>
      </section>
    </Sheet>
  )
}
