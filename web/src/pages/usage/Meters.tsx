import { ActionIcon, Modal, Stack, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleQuestionMark } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { draft, invoiceOptions, subscriptionOptions } from '../../api/billing'
import type { MeterName, UsageMeter, UsageMonth } from '../../api/usage'
import { formatNumber, unknown } from '../../numbers/format'
import { formatMoney } from '../../numbers/money'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { forecastWords, madeFrom, roughly } from './forecast'
import { formatQuantity, inUnits } from './quantity'
import classes from './Usage.module.css'

interface MetersProps {
  usage: UsageMonth
  running: boolean
  chosen: MeterName
  onChoose: (meter: MeterName) => void
}

/** All that is metered. Which meter is chosen is drawn above, and listed by the hour below. */
export function Meters({ usage, running, chosen, onChoose }: MetersProps) {
  const travel = useTravel()
  const { data: subscription } = useQuery({ ...subscriptionOptions, enabled: running })
  const { data: bill } = useQuery({ ...invoiceOptions(draft), enabled: running })
  const included = (m: UsageMeter) => {
    const price = subscription?.plan.prices.find((p) => p.meter === m.meter)
    if (price === undefined) return unknown
    return price.included === null ? 'Unlimited' : formatNumber(price.included)
  }
  const cost = (m: UsageMeter) =>
    bill?.lines.filter((l) => l.kind === 'usage' && l.meter === m.meter).reduce((sum, l) => sum + l.amount, 0)
  return (
    <Panel
      title="By meter"
      note={running ? 'This month so far. Choose a meter to see it in the chart and by the hour.' : undefined}
      flush
    >
      <TableScroll label="By meter">
        <table className={classes.meters}>
          <thead>
            <tr>
              <th scope="col">Meter</th>
              <th scope="col" className="number">
                Used
              </th>
              {running && (
                <>
                  <th scope="col" className="number">
                    This hour
                  </th>
                  <th scope="col" className="number">
                    Expected
                  </th>
                  <th scope="col" className="number">
                    Included
                  </th>
                </>
              )}
              <th scope="col" className="number">
                Corrected
              </th>
              {running && (
                <th scope="col" className="number">
                  Cost so far
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {usage.meters
              .filter((m) => !m.free)
              .map((m) => (
                <tr key={m.meter} data-chosen={m.meter === chosen}>
                  <td>
                    <span className={classes.meter}>
                      <button
                        type="button"
                        className={classes.choose}
                        aria-pressed={m.meter === chosen}
                        onClick={() => onChoose(m.meter)}
                      >
                        {m.title}
                      </button>
                      <Meaning meter={m} usage={usage} />
                    </span>
                  </td>
                  <td className="number">
                    <strong>{formatQuantity(m.quantity, m)}</strong> <span className="quiet">{m.unit}</span>
                  </td>
                  {running && (
                    <>
                      <td className="number">{formatQuantity(m.this_hour, m)}</td>
                      <td className="number">
                        {m.forecast === null ? (
                          unknown
                        ) : (
                          <span title={`${madeFrom(m.forecast)}: ${forecastWords(m.forecast, m)}`}>
                            ≈ {roughly(inUnits(m.forecast.expected, m))}
                          </span>
                        )}
                      </td>
                      <td className="number">{included(m)}</td>
                    </>
                  )}
                  <td className="number" title="Booked to hours after they were over: late events, repairs, duplicates">
                    {m.corrected === 0 ? <span className="quiet">0</span> : formatQuantity(m.corrected, m)}
                  </td>
                  {running && (
                    <td className="number">{bill === undefined ? unknown : formatMoney(cost(m), bill.currency)}</td>
                  )}
                </tr>
              ))}
          </tbody>
        </table>
      </TableScroll>
      {running && bill !== undefined && (
        <p className={classes.foot}>
          With fees, credit and coupons the month comes to <strong>{formatMoney(bill.total, bill.currency)}</strong> so
          far. <Link to={travel(`/usage/invoices/${draft}`)}>See the lines</Link>
        </p>
      )}
    </Panel>
  )
}

/** How a meter counts. */
function Meaning({ meter: m, usage }: { meter: UsageMeter; usage: UsageMonth }) {
  const { tz } = useView()
  const [opened, setOpened] = useState(false)
  return (
    <>
      <Tooltip label="How is this computed">
        <ActionIcon size="sm" aria-label={`How is this computed: ${m.title}`} onClick={() => setOpened(true)}>
          <CircleQuestionMark size={15} />
        </ActionIcon>
      </Tooltip>
      <Modal opened={opened} onClose={() => setOpened(false)} title={`How is this computed: ${m.title}`} size="lg">
        <Stack gap="sm">
          <p className={classes.flat}>{m.source.charAt(0).toUpperCase() + m.source.slice(1)}.</p>
          <Facts
            facts={[
              ['Unit', m.per_unit === 1 ? m.unit : `${m.unit}: ${formatNumber(m.per_unit)} × ${m.base}`],
              ['Counted', usage.counted_at === null ? '' : <Time key="c" at={usage.counted_at} zone={tz} />],
              ['Corrected', `${formatQuantity(m.corrected, m)} ${m.unit} were booked to hours after they were over`],
              ...(m.forecast === null
                ? []
                : [['Expected', `${madeFrom(m.forecast)}: ${forecastWords(m.forecast, m)}`] as const]),
              [
                'Left out',
                'Duplicates, events in quarantine, of suppressed people, held, of bots and of synthetic tests',
              ],
              ['Months and hours', 'Those of UTC, by when something was received'],
            ]}
          />
        </Stack>
      </Modal>
    </>
  )
}
