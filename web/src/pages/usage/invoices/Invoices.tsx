import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ReceiptText } from 'lucide-react'
import { Link } from 'react-router'
import { creditsOptions, draft, invoiceOptions, invoicesOptions, type InvoiceHead } from '../../../api/billing'
import { maySeeBilling } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatMoney } from '../../../numbers/money'
import { plural } from '../../../numbers/format'
import { More } from '../../../parts/More'
import { Panel } from '../../../parts/Page'
import { Sentence } from '../../../parts/Sentence'
import { Empty, ErrorNote, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { formatDay } from '../../../time/format'
import { useTravel, useView } from '../../../view/useView'
import { UsagePage } from '../UsagePage'
import { billingZone, invoiceTitle, monthOf } from '../words'
import classes from './Invoices.module.css'
import { InvoiceMark } from './InvoiceMark'
import { owed, type Owed } from './owed'

/** What was charged, what is owed, and the way into each invoice. */
export default function Invoices() {
  const me = useMe()
  return (
    <UsagePage
      title="Invoices"
      lead="Each line can be taken apart: into days, hours, and the events that were counted."
    >
      {maySeeBilling(me.role) && <Content />}
    </UsagePage>
  )
}

function Content() {
  const answer = useInfiniteQuery(invoicesOptions)
  if (answer.error && !answer.data) return <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
  const invoices = answer.data?.pages.flatMap((p) => p.invoices)
  return (
    <>
      <div className={classes.top}>
        <Panel label="What is owed">
          {invoices === undefined ? <SkeletonRows rows={2} /> : <Standing owed={owed(invoices)} />}
        </Panel>
        <Running />
      </div>
      <Panel title="Invoices and credit notes" flush>
        {invoices === undefined ? (
          <SkeletonRows rows={6} />
        ) : invoices.length === 0 ? (
          <Empty title="No invoice yet" icon={<ReceiptText size={36} strokeWidth={1.4} />}>
            When a month is over and every event of it is counted, its invoice comes here, some hours into the next. A
            month on the free plan has none.
          </Empty>
        ) : (
          <>
            <InvoiceTable invoices={invoices} />
            <More answer={answer}>Show older invoices</More>
          </>
        )}
      </Panel>
      <Credits now={answer.data?.pages[0]?.credit ?? []} />
    </>
  )
}

function Standing({ owed: o }: { owed: readonly Owed[] }) {
  const travel = useTravel()
  if (o.length === 0) {
    return (
      <>
        <Sentence>Nothing is owed</Sentence>
        <p className="quiet">Every invoice so far is paid.</p>
      </>
    )
  }
  const late = o.reduce((n, x) => n + x.late, 0)
  return (
    <>
      <Sentence attention={late > 0}>
        <strong>{o.map((x) => formatMoney(x.amount, x.currency)).join(' and ')}</strong> is owed
      </Sentence>
      <p className="quiet">
        {o.map((x) => plural(x.invoices, 'invoice')).join(' and ')}
        {late > 0 && <>, {late} past due</>}
        {o[0]?.due !== null && o[0]?.due !== undefined && <>; the first is due on {formatDay(o[0].due, billingZone)}</>}
        . <Link to={travel('/usage/payment')}>How to pay</Link>
      </p>
    </>
  )
}

/** The month that runs, as its invoice would be now. */
function Running() {
  const travel = useTravel()
  const { data, error } = useQuery(invoiceOptions(draft))
  return (
    <Panel label="This month">
      {error && !data ? (
        <ErrorNote error={error} />
      ) : data === undefined ? (
        <SkeletonRows rows={2} />
      ) : (
        <>
          <Sentence>
            <strong>{formatMoney(data.total, data.currency)}</strong> for {monthOf(data.period)} so far
          </Sentence>
          <p className="quiet">
            As its invoice would be if the month ended now, before tax.{' '}
            <Link to={travel(`/usage/invoices/${draft}`)}>See its lines</Link>
          </p>
        </>
      )}
    </Panel>
  )
}

function InvoiceTable({ invoices }: { invoices: readonly InvoiceHead[] }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <TableScroll label="Invoices and credit notes">
      <table className={classes.list}>
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Month</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Total before tax
            </th>
            <th scope="col">Issued ({tz})</th>
            <th scope="col">Due</th>
          </tr>
        </thead>
        <tbody>
          {invoices.map((i) => (
            <tr key={i.id}>
              <td>
                <Link to={travel(`/usage/invoices/${i.id}`)}>{invoiceTitle(i)}</Link>
              </td>
              <td>{monthOf(i.period)}</td>
              <td>
                <InvoiceMark invoice={i} />
              </td>
              <td className="number">{formatMoney(i.kind === 'credit_note' ? -i.total : i.total, i.currency)}</td>
              <td>{i.issued_at !== undefined && <Time at={i.issued_at} zone={tz} />}</td>
              <td>{i.due_at !== undefined && i.kind === 'invoice' && formatDay(i.due_at, billingZone)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

/** What stands to the organization's credit, and how it came and went. Nothing where there never was any. */
function Credits({ now }: { now: readonly { currency: string; amount: number }[] }) {
  const { tz } = useView()
  const travel = useTravel()
  const { data } = useQuery(creditsOptions)
  if (data === undefined || data.entries.length === 0) return null
  const left = now.filter((c) => c.amount > 0)
  return (
    <Panel
      title="Credit"
      note={
        left.length === 0
          ? 'Nothing is left of what was credited.'
          : `${left.map((c) => formatMoney(c.amount, c.currency)).join(' and ')} stands to your credit, and goes into the next invoices.`
      }
      flush
    >
      <TableScroll label="Credit">
        <table className={classes.list}>
          <thead>
            <tr>
              <th scope="col">When ({tz})</th>
              <th scope="col">What</th>
              <th scope="col" className="number">
                Amount
              </th>
            </tr>
          </thead>
          <tbody>
            {data.entries.map((e) => (
              <tr key={e.id}>
                <td className={classes.nowrap}>
                  <Time at={e.at} zone={tz} />
                </td>
                <td>
                  {entryNames[e.kind]}
                  {e.note !== '' && <span className="quiet"> · {e.note}</span>}
                  {e.invoice_id !== undefined && (
                    <>
                      {' '}
                      <Link to={travel(`/usage/invoices/${e.invoice_id}`)}>See it</Link>
                    </>
                  )}
                </td>
                <td className="number">{formatMoney(e.amount, e.currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}

const entryNames = {
  grant: 'Granted',
  credit_note: 'A credit note',
  carried: 'An invoice came to less than nothing',
  applied: 'Went into an invoice',
} as const

/** The way to the list, for pages that belong to it. */
export function AllInvoices() {
  const travel = useTravel()
  return (
    <Button component={Link} to={travel('/usage/invoices')} variant="default">
      All invoices
    </Button>
  )
}
