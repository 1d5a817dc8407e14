import { Button, Menu } from '@mantine/core'
import { useOperatorAct, type OperatorInvoice, type OperatorTenantDetail } from '../../api/operator'
import { formatMoney } from '../../numbers/money'
import { Panel } from '../../parts/Page'
import { Empty, FormError } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import classes from './Operator.module.css'
import { useToken } from './token'

const states: Record<OperatorInvoice['state'], string> = {
  issued: 'Issued',
  paid: 'Paid',
  past_due: 'Past due',
  uncollectible: 'Given up',
  void: 'Void',
}

/** The newest invoices, and what became of each. */
export function Invoices({ detail }: { detail: OperatorTenantDetail }) {
  const act = useOperatorAct(useToken(), detail.tenant.id)
  return (
    <Panel title="Invoices" flush>
      {detail.invoices.length === 0 ? (
        <Empty title="None yet">A month is closed some hours after its end.</Empty>
      ) : (
        <TableScroll label="Invoices">
          <table>
            <thead>
              <tr>
                <th scope="col">Number</th>
                <th scope="col">Month</th>
                <th scope="col" className="number">
                  Total
                </th>
                <th scope="col">State</th>
                <th scope="col">
                  <span className="quiet">What became of it</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {detail.invoices.map((i) => (
                <tr key={i.id}>
                  <td className="mono">{i.number}</td>
                  <td>{i.kind === 'invoice' ? i.month : `${i.month}, credit note`}</td>
                  <td className="number">{formatMoney(i.total, i.currency)}</td>
                  <td className={i.state === 'past_due' ? classes.attention : undefined}>
                    {states[i.state]}
                    {i.paid_at !== undefined && <span className="quiet"> on {i.paid_at.slice(0, 10)}</span>}
                    {i.state === 'issued' && <span className="quiet"> due {i.due_at.slice(0, 10)}</span>}
                  </td>
                  <td>
                    {i.kind === 'invoice' && !['paid', 'void'].includes(i.state) && (
                      <Menu>
                        <Menu.Target>
                          <Button variant="default" size="compact-sm" loading={act.isPending}>
                            Note
                          </Button>
                        </Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item onClick={() => act.mutate({ do: 'mark', invoice: i.id, state: 'paid' })}>
                            It was paid
                          </Menu.Item>
                          {i.state !== 'uncollectible' && (
                            <Menu.Item
                              onClick={() => act.mutate({ do: 'mark', invoice: i.id, state: 'uncollectible' })}
                            >
                              It never will be paid
                            </Menu.Item>
                          )}
                          <Menu.Item onClick={() => act.mutate({ do: 'mark', invoice: i.id, state: 'void' })}>
                            It is void
                          </Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      <FormError error={act.error} />
    </Panel>
  )
}
