import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Download, Printer } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { draft, invoiceCsv, invoiceOptions, type Invoice } from '../../../api/billing'
import { isApiError } from '../../../api/errors'
import { maySeeBilling } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatMoney } from '../../../numbers/money'
import { Figure, Figures } from '../../../parts/Figures'
import { Panel } from '../../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../../parts/States'
import { Time } from '../../../parts/Time'
import { formatDay, formatPeriod } from '../../../time/format'
import { useTravel, useView } from '../../../view/useView'
import { UsagePage } from '../UsagePage'
import { billingZone, invoiceTitle, monthOf } from '../words'
import classes from './Invoices.module.css'
import { InvoiceMark } from './InvoiceMark'
import { AllInvoices } from './Invoices'
import { Lines } from './Lines'

/** An invoice, a credit note, or the month that runs as its invoice would be now: line by line, down to the events. */
export default function InvoicePage() {
  const { invoice: id = '' } = useParams()
  const me = useMe()
  const travel = useTravel()
  const { data, error, refetch } = useQuery({ ...invoiceOptions(id), enabled: maySeeBilling(me.role) })
  return (
    <UsagePage
      title={data === undefined ? (id === draft ? 'This month' : 'Invoice') : invoiceTitle(data)}
      lead={data && <Lead invoice={data} />}
      under="/usage/invoices"
      actions={
        data && (
          <Group gap="xs">
            <Button component="a" href={invoiceCsv(id)} variant="default" leftSection={<Download size={16} />}>
              CSV
            </Button>
            <Button
              component={Link}
              to={travel(`/usage/invoices/${id}/print`)}
              variant="default"
              leftSection={<Printer size={16} />}
            >
              Printable page
            </Button>
          </Group>
        )
      }
    >
      {!maySeeBilling(me.role) ? null : isApiError(error) && error.status === 404 ? (
        <Panel label="Invoice">
          <Empty title="No such invoice" action={<AllInvoices />}>
            {error.message}
          </Empty>
        </Panel>
      ) : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Panel label="Invoice">
          <SkeletonRows rows={8} />
        </Panel>
      ) : (
        <Shown invoice={data} />
      )}
    </UsagePage>
  )
}

function Lead({ invoice: i }: { invoice: Invoice }) {
  const { from, to } = i.period
  if (i.kind === 'credit_note') return <>It lowers what was charged for {monthOf(i.period)}.</>
  return (
    <>
      {formatPeriod({ from: new Date(from), to: new Date(to) }, billingZone)} in UTC
      {i.number === undefined && ': what an invoice would say if the month ended now'}.
    </>
  )
}

function Shown({ invoice: i }: { invoice: Invoice }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <>
      <Panel label="What it comes to">
        <div className={classes.total}>
          <div>
            <p className="quiet">{i.kind === 'credit_note' ? 'Credited' : 'Total before tax'}</p>
            <p className={classes.amount}>{formatMoney(i.total, i.currency)}</p>
          </div>
          <Figures>
            <Figure name="State">
              <InvoiceMark invoice={i} />
            </Figure>
            {i.issued_at !== undefined && (
              <Figure name={`Issued (${tz})`}>
                <Time at={i.issued_at} zone={tz} />
              </Figure>
            )}
            {i.due_at !== undefined && i.kind === 'invoice' && i.total > 0 && (
              <Figure name="Due">{formatDay(i.due_at, billingZone)}</Figure>
            )}
            {i.paid_at !== undefined && (
              <Figure name={`Paid (${tz})`}>
                <Time at={i.paid_at} zone={tz} />
              </Figure>
            )}
            {i.corrects !== undefined && (
              <Figure name="Corrects">
                <Link to={travel(`/usage/invoices/${i.corrects}`)}>The invoice</Link>
              </Figure>
            )}
          </Figures>
        </div>
      </Panel>
      <Panel title="Lines" note="A line about usage opens into days, a day into hours, an hour into events." flush>
        {i.lines.length === 0 ? (
          <Empty title="No line">Nothing was used and no fee is due so far, so nothing is charged.</Empty>
        ) : (
          <Lines invoice={i} />
        )}
      </Panel>
      {i.credit_notes.length > 0 && (
        <Panel title="Credit notes to this invoice" note="What turned out to be less afterwards." flush>
          <ul className={classes.notes}>
            {i.credit_notes.map((n) => (
              <li key={n.id}>
                <Link to={travel(`/usage/invoices/${n.id}`)}>{invoiceTitle(n)}</Link>
                <span className="quiet">{n.issued_at !== undefined && <Time at={n.issued_at} zone={tz} />}</span>
                <span className={classes.number}>{formatMoney(-n.total, n.currency)}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  )
}
