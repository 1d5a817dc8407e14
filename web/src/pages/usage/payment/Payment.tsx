import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CreditCard, ExternalLink, TriangleAlert } from 'lucide-react'
import { Link } from 'react-router'
import { paymentOptions, useGoToPay, type Payment as PaymentState, type PaymentOwedInvoice } from '../../../api/billing'
import { mayManageBilling, maySeeBilling } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatMoney } from '../../../numbers/money'
import { plural } from '../../../numbers/format'
import { Facts } from '../../../parts/Facts'
import { Panel } from '../../../parts/Page'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { formatDay, formatMonth } from '../../../time/format'
import { useTravel, useView } from '../../../view/useView'
import { formatQuantity } from '../quantity'
import { useUnits } from '../useUnits'
import { UsagePage } from '../UsagePage'
import { billingZone } from '../words'
import classes from './Payment.module.css'
import { differenceNames, nextWords, standingWords, stepWords } from './words'

/** How it stands with paying, and what happens next. */
export default function Payment() {
  const me = useMe()
  const { data, error, refetch } = useQuery({ ...paymentOptions, enabled: maySeeBilling(me.role) })
  return (
    <UsagePage title="Payment" lead="How it stands with your invoices, how you pay, and what happens next.">
      {!maySeeBilling(me.role) ? null : error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Panel label="How it stands">
          <SkeletonRows rows={5} />
        </Panel>
      ) : (
        <>
          <Standing payment={data} />
          <Owed payment={data} />
          <Way payment={data} />
          {data.differences.length > 0 && <Differences payment={data} />}
        </>
      )}
    </UsagePage>
  )
}

/** The answer of the page, and what there is to do. */
function Standing({ payment: p }: { payment: PaymentState }) {
  const { tz } = useView()
  const words = standingWords(p)
  const next = nextWords(p)
  const step = stepWords(p)
  const Icon = words.calm ? CircleCheck : TriangleAlert
  return (
    <section className={classes.standing} data-standing={words.calm ? 'calm' : p.standing} aria-label="How it stands">
      <Icon size={26} aria-hidden="true" />
      <div>
        <h2>{words.title}</h2>
        <p>{words.text}</p>
        {next !== null && p.next !== undefined && (
          <p>
            <strong>
              <Time at={p.next.at} zone={tz} />
            </strong>
            : {next}
          </p>
        )}
        {step !== null && <p>{step}</p>}
      </div>
    </section>
  )
}

function Owed({ payment: p }: { payment: PaymentState }) {
  if (p.owed.length === 0) {
    return (
      <Panel title="What is owed">
        <Empty title="Nothing is owed" icon={<CircleCheck size={36} strokeWidth={1.4} />}>
          When an invoice is issued it stands here until it is paid.
        </Empty>
      </Panel>
    )
  }
  return (
    <>
      {p.owed.map((o) => (
        <Panel
          key={o.currency}
          title={`${formatMoney(o.amount, o.currency)} is owed`}
          note={`${plural(o.invoices.length, 'invoice')}, the oldest first.`}
          flush
        >
          <OwedTable invoices={o.invoices} currency={o.currency} local={p.provider === 'local'} />
        </Panel>
      ))}
    </>
  )
}

function OwedTable({
  invoices,
  currency,
  local,
}: {
  invoices: readonly PaymentOwedInvoice[]
  currency: string
  local: boolean
}) {
  const travel = useTravel()
  const taxed = invoices.some((i) => i.tax !== 0)
  return (
    <TableScroll label={`Invoices in ${currency}`}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Invoice</th>
            <th scope="col">Issued</th>
            <th scope="col">Due</th>
            {taxed && (
              <th scope="col" className="number">
                Tax in it
              </th>
            )}
            <th scope="col" className="number">
              Amount
            </th>
            {!local && <th scope="col">Pay</th>}
          </tr>
        </thead>
        <tbody>
          {invoices.map((i) => (
            <tr key={i.id}>
              <td>
                <Link to={travel(`/usage/invoices/${i.id}`)}>{i.number}</Link>
                {i.declined !== null && <div className={classes.declined}>Not collected: {i.declined}</div>}
              </td>
              <td>{formatDay(i.issued_at, billingZone)}</td>
              <td>{formatDay(i.due_at, billingZone)}</td>
              {taxed && <td className="number">{formatMoney(i.tax, currency)}</td>}
              <td className="number">{formatMoney(i.amount, currency)}</td>
              {!local && (
                <td>
                  {i.page !== null && (
                    <a href={i.page} target="_blank" rel="noreferrer" className={classes.pay}>
                      Pay it <ExternalLink size={13} aria-label="opens another page" />
                    </a>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

/** How the organization pays: by a provider, or, where there is none, as invoices say. */
function Way({ payment: p }: { payment: PaymentState }) {
  const { tz } = useView()
  const me = useMe()
  const go = useGoToPay()
  if (p.provider === 'local') {
    return (
      <Panel title="How you pay">
        <p className={classes.text}>
          This installation has no payment provider: you pay as your invoices say, and whoever runs it notes that down.
          Nothing is collected by itself, and no card is stored here.
        </p>
      </Panel>
    )
  }
  const may = mayManageBilling(me.role)
  return (
    <Panel
      title="How you pay"
      actions={
        may && (
          <Button
            variant={p.way === undefined ? 'filled' : 'default'}
            loading={go.isPending}
            leftSection={<CreditCard size={16} />}
            onClick={() => go.mutate(p.way === undefined ? { page: 'checkout', body: {} } : { page: 'portal' })}
          >
            {p.way === undefined ? 'Say how you pay' : 'Change it, see receipts'}
          </Button>
        )
      }
    >
      <FormError error={go.error} />
      {p.way === undefined ? (
        <p className={classes.text}>
          Nothing is on record yet. Cards and accounts are kept by the payment provider, never here.
          {!may && ' Owners and admins can add one.'}
        </p>
      ) : (
        <Facts
          facts={[
            ['With', [p.way.brand || p.way.kind, p.way.last4 && `ending in ${p.way.last4}`].filter(Boolean).join(' ')],
            ['Good until', p.way.until === null ? '' : formatMonth(p.way.until, billingZone)],
            ['Asked the provider', p.looked_at === null ? '' : <Time key="l" at={p.looked_at} zone={tz} />],
          ]}
        />
      )}
    </Panel>
  )
}

function Differences({ payment: p }: { payment: PaymentState }) {
  const units = useUnits()
  return (
    <Panel
      title="What the provider counts otherwise"
      note="Your invoices are made from our ledger, and are right all the same."
      flush
    >
      <TableScroll label="What the provider counts otherwise">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Hour (UTC)</th>
              <th scope="col">Meter</th>
              <th scope="col" className="number">
                Ledger
              </th>
              <th scope="col" className="number">
                Provider
              </th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {p.differences.map((d) => {
              const unit = units(d.meter)
              const count = (n: number) => formatQuantity(n, unit ?? { unit: '', per_unit: 1 })
              return (
                <tr key={`${d.meter} ${d.hour}`}>
                  <td>
                    {d.hour.slice(0, 10)} {d.hour.slice(11, 16)}
                  </td>
                  <td>{unit?.title ?? d.meter}</td>
                  <td className="number">{count(d.ours)}</td>
                  <td className="number">{count(d.theirs)}</td>
                  <td>{differenceNames[d.reason]}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
