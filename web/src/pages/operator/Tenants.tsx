import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation } from 'react-router'
import { operatorMonthOptions, type OperatorMonth, type OperatorTenant } from '../../api/operator'
import { formatNumber, plural, unknown } from '../../numbers/format'
import { formatMoney } from '../../numbers/money'
import { Figure, Figures } from '../../parts/Figures'
import { Page, Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { useMonth } from '../usage/MonthSteps'
import { Money } from './Money'
import { Months } from './Months'
import classes from './Operator.module.css'
import { useToken } from './token'
import { planOf, standings, used } from './words'

/** Every organization of the installation: what it uses, owes and costs in a month, and what is left. */
export default function Tenants() {
  const token = useToken()
  const [month] = useMonth()
  const [search, setSearch] = useState('')
  const [asked] = useDebouncedValue(search.trim(), 250)
  const answer = useQuery(operatorMonthOptions(token, month, asked))
  const found = answer.data ?? undefined
  return (
    <Page
      title="Organizations"
      lead="What each uses, owes and costs, and what is left."
      actions={found !== undefined && <Months shown={found.month} />}
    >
      {answer.error && !found ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : found === undefined ? (
        <SkeletonRows rows={8} />
      ) : (
        <>
          <Sums month={found} />
          <Plans month={found} />
          <Panel
            title="By organization"
            flush
            actions={
              <TextInput
                className={classes.search}
                aria-label="Search by name or ID"
                placeholder="Name or ID"
                leftSection={<Search size={15} />}
                value={search}
                onChange={(e) => setSearch(e.currentTarget.value)}
              />
            }
          >
            <TenantsTable month={found} />
          </Panel>
        </>
      )}
    </Page>
  )
}

function Sums({ month }: { month: OperatorMonth }) {
  const of = (pick: (p: OperatorMonth['plans'][number]) => number) => month.plans.reduce((sum, p) => sum + pick(p), 0)
  const charged = new Map<string, number>()
  for (const c of month.plans.flatMap((p) => p.charged))
    charged.set(c.currency, (charged.get(c.currency) ?? 0) + c.amount)
  const without = of((p) => p.without_margin)
  return (
    <Panel label="The installation">
      <Figures large>
        <Figure name="Charged">
          {[...charged]
            .filter(([currency, amount]) => amount !== 0 || currency === month.currency)
            .map(([currency, amount]) => formatMoney(amount, currency))
            .join(' + ') || unknown}
        </Figure>
        <Figure name="Cost">{formatMoney(of((p) => p.cost) + month.shared.amount, month.currency)}</Figure>
        <Figure name="Margin">
          <Money amount={of((p) => p.margin) - month.shared.amount} currency={month.currency} />
        </Figure>
      </Figures>
      <p className={`quiet ${classes.until}`}>
        Hours up to {month.until.slice(0, 16).replace('T', ' ')} UTC; before credits and tax, the fee of a year by its
        hours. {formatMoney(month.shared.amount, month.currency)} of the cost is for work that is no organization’s in
        particular.
        {without > 0 && ` ${plural(without, 'organization')} charged in another currency are not in the margin.`}
      </p>
    </Panel>
  )
}

function Plans({ month }: { month: OperatorMonth }) {
  return (
    <Panel title="By plan" flush>
      <TableScroll label="Plans">
        <table className={classes.plans}>
          <thead>
            <tr>
              <th scope="col">Plan</th>
              <th scope="col" className="number">
                Organizations
              </th>
              <th scope="col" className="number">
                Charged
              </th>
              <th scope="col" className="number">
                Cost
              </th>
              <th scope="col" className="number">
                Margin
              </th>
            </tr>
          </thead>
          <tbody>
            {month.plans.map((p) => (
              <tr key={p.plan}>
                <td>{p.title}</td>
                <td className="number">{formatNumber(p.tenants)}</td>
                <td className="number">{p.charged.map((c) => formatMoney(c.amount, c.currency)).join(' + ')}</td>
                <td className="number">{formatMoney(p.cost, month.currency)}</td>
                <td className="number">
                  <Money amount={p.without_margin === p.tenants ? null : p.margin} currency={month.currency} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}

function TenantsTable({ month }: { month: OperatorMonth }) {
  if (month.tenants.length === 0) {
    return <Empty title="Nobody is called that">Organizations are found by a part of their name, or of their ID.</Empty>
  }
  return (
    <>
      <TableScroll label="Organizations">
        <table className={classes.tenants}>
          <thead>
            <tr>
              <th scope="col">Organization</th>
              <th scope="col">Plan</th>
              <th scope="col" className="number">
                Events
              </th>
              <th scope="col" className="number">
                Charged
              </th>
              <th scope="col" className="number">
                Owed
              </th>
              <th scope="col" className="number">
                Cost
              </th>
              <th scope="col" className="number">
                Margin
              </th>
              <th scope="col">Standing</th>
            </tr>
          </thead>
          <tbody>
            {month.tenants.map((t) => (
              <Row key={t.id} tenant={t} currency={month.currency} />
            ))}
          </tbody>
        </table>
      </TableScroll>
      {month.more && <p className={classes.under}>There are more. Search for the one that you want.</p>}
    </>
  )
}

function Row({ tenant, currency }: { tenant: OperatorTenant; currency: string }) {
  const { search } = useLocation()
  return (
    <tr>
      <td className={classes.name}>
        <Link to={`/operator/tenants/${tenant.id}${search}`}>{tenant.name}</Link>
      </td>
      <td>{planOf(tenant)}</td>
      <td className="number">{formatNumber(used(tenant, 'events'))}</td>
      <td className="number">{formatMoney(tenant.charged.amount, tenant.charged.currency)}</td>
      <td className="number">
        <Owed tenant={tenant} />
      </td>
      <td className="number">{formatMoney(tenant.cost.amount, currency)}</td>
      <td className="number">
        <Money amount={tenant.margin} currency={currency} />
      </td>
      <td>
        <StandingOf tenant={tenant} />
      </td>
    </tr>
  )
}

/** What invoices that are not paid add up to. */
export function Owed({ tenant }: { tenant: OperatorTenant }) {
  if (tenant.owed.length === 0) return <span className="quiet">nothing</span>
  return (
    <>
      {tenant.owed.map((o) => (
        <div key={o.currency} className={o.overdue > 0 ? classes.attention : undefined}>
          {formatMoney(o.amount, o.currency)}
          {o.overdue > 0 && ' overdue'}
        </div>
      ))}
    </>
  )
}

export function StandingOf({ tenant }: { tenant: OperatorTenant }) {
  if (tenant.left_at !== undefined) return <span className="quiet">Left</span>
  if (tenant.leaving_at !== undefined) return <span className={classes.attention}>Leaving</span>
  const tone = { ok: undefined, past_due: classes.attention, restricted: classes.loss, suspended: classes.loss }
  return <span className={tone[tenant.standing]}>{standings[tenant.standing]}</span>
}
