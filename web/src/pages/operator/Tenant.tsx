import { useQuery } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { Link, useLocation, useParams } from 'react-router'
import { operatorTenantOptions, type OperatorTenantDetail } from '../../api/operator'
import { formatNumber } from '../../numbers/format'
import { formatMoney } from '../../numbers/money'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Page, Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { useMonth } from '../usage/MonthSteps'
import { Acts } from './Acts'
import { Invoices } from './Invoices'
import { Money } from './Money'
import { Months } from './Months'
import classes from './Operator.module.css'
import { Owed, StandingOf } from './Tenants'
import { useToken } from './token'
import { costKinds, planOf, units, used } from './words'

/** One organization: what it costs and why, its invoices, and what can be done about it. */
export default function Tenant() {
  const { tenant = '' } = useParams()
  const token = useToken()
  const [month] = useMonth()
  const { search } = useLocation()
  const answer = useQuery(operatorTenantOptions(token, tenant, month))
  const found = answer.data ?? undefined
  return (
    <Page
      title={found?.tenant.name ?? 'Organization'}
      lead={
        <Link to={`/operator${search}`}>
          <ArrowLeft size={14} aria-hidden="true" /> All organizations
        </Link>
      }
      actions={found !== undefined && <Months shown={found.month} />}
    >
      {answer.error && !found ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : found === undefined ? (
        <SkeletonRows rows={8} />
      ) : (
        <>
          <Panel title="How it stands" actions={<Acts detail={found} />}>
            <Standing detail={found} />
          </Panel>
          <div className={classes.columns}>
            <Cost detail={found} />
            <Invoices detail={found} />
          </div>
        </>
      )}
    </Page>
  )
}

function Standing({ detail: { tenant, balance, currency } }: { detail: OperatorTenantDetail }) {
  return (
    <Facts
      facts={[
        ['Plan', planOf(tenant)],
        ['Standing', <StandingOf key="standing" tenant={tenant} />],
        ...(tenant.suspended_by === undefined ? [] : [['Suspended by', tenant.suspended_by] as const]),
        ['Owed', <Owed key="owed" tenant={tenant} />],
        ['Credit', balance.map((b) => formatMoney(b.amount, b.currency)).join(' + ')],
        ['Charged in the month', formatMoney(tenant.charged.amount, tenant.charged.currency)],
        ['Cost in the month', formatMoney(tenant.cost.amount, currency)],
        ['Margin', <Money key="margin" amount={tenant.margin} currency={currency} />],
        ['Events in the month', formatNumber(used(tenant, 'events'))],
        ['Since', tenant.created_at.slice(0, 10)],
        ['ID', <CopyText key="id" value={tenant.id} what="the ID" />],
      ]}
    />
  )
}

function Cost({ detail: { tenant, currency } }: { detail: OperatorTenantDetail }) {
  return (
    <Panel title="What it costs" note="Consumption, times the rates of the file of plans." flush>
      <TableScroll label="Costs">
        <table>
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col" className="number">
                Consumed
              </th>
              <th scope="col" className="number">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {tenant.cost.parts.map((p) => (
              <tr key={p.kind}>
                <td>{costKinds[p.kind]}</td>
                <td className="number">
                  {units(p.quantity, p.per_unit)} {p.unit}
                </td>
                <td className="number">{formatMoney(p.amount, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
