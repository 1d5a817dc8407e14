import { useQuery } from '@tanstack/react-query'
import { ChevronRight } from 'lucide-react'
import { useSearchParams } from 'react-router'
import { lineHoursOptions, type InvoiceLine, type InvoiceLineHour } from '../../../api/billing'
import { plural } from '../../../numbers/format'
import { ErrorNote, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { formatBucket } from '../../../time/format'
import { Bookings } from '../Bookings'
import { formatQuantity, formatWithUnit, type Unit } from '../quantity'
import { useUnits } from '../useUnits'
import { billingZone } from '../words'
import classes from './Invoices.module.css'
import { LineEvents } from './LineEvents'

/** The days of a line; the one that is open shows its hours. */
export function LineDays({ invoice, line }: { invoice: string; line: InvoiceLine }) {
  const [params, setParams] = useSearchParams()
  const open = params.get('day')
  const unit = useUnits()(line.meter)
  const { data, error, refetch } = useQuery(lineHoursOptions(invoice, line.id, null))
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined || unit === undefined) return <SkeletonRows rows={4} />
  if (data.days.length === 0) return <p className="quiet">Nothing was counted in these hours.</p>
  const most = Math.max(...data.days.map((d) => Math.abs(d.quantity)), 1)
  const toggle = (day: string) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now)
        next.delete('hour')
        if (open === day) next.delete('day')
        else next.set('day', day)
        return next
      },
      { replace: true, preventScrollReset: true },
    )
  return (
    <>
      <p className="quiet">
        {formatWithUnit(data.quantity, unit)} on {plural(data.days.length, 'day')}, in UTC.
        {data.metered !== data.quantity &&
          line.kind === 'usage' &&
          ` ${formatWithUnit(data.metered, unit)} were counted in these hours; the rest is on other lines.`}
      </p>
      <ul className={classes.days}>
        {data.days.map((d) => (
          <li key={d.day}>
            <div className={classes.day}>
              <button
                type="button"
                className={classes.opener}
                aria-expanded={open === d.day}
                onClick={() => toggle(d.day)}
              >
                <ChevronRight size={15} aria-hidden="true" />
                <span>{formatBucket(d.day, 'day', billingZone)}</span>
              </button>
              <span className={classes.track} aria-hidden="true">
                <i style={{ width: `${(100 * Math.abs(d.quantity)) / most}%` }} />
              </span>
              <span className="number">{formatQuantity(d.quantity, unit)}</span>
            </div>
            {open === d.day && <LineHours invoice={invoice} line={line} day={d.day} unit={unit} />}
          </li>
        ))}
      </ul>
    </>
  )
}

interface HoursProps {
  invoice: string
  line: InvoiceLine
  day: string
  unit: Unit
}

/** The hours of a day of a line, with all that was booked of them. */
function LineHours({ invoice, line, day, unit }: HoursProps) {
  const { data, error, refetch } = useQuery(lineHoursOptions(invoice, line.id, day))
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) return <SkeletonRows rows={3} />
  const hours = data.days.find((d) => d.day === day)?.hours ?? []
  return (
    <div className={classes.inside}>
      <TableScroll label={`Hours of ${day}`}>
        <table className={classes.hours}>
          <thead>
            <tr>
              <th scope="col">Hour (UTC)</th>
              <th scope="col" className="number">
                In this line
              </th>
              <th scope="col" className="number">
                Of all counted
              </th>
              <th scope="col">How it was booked</th>
            </tr>
          </thead>
          <tbody>
            {hours.map((h) => (
              <Hour key={h.hour} invoice={invoice} line={line} hour={h} unit={unit} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </div>
  )
}

function Hour({
  invoice,
  line,
  hour: h,
  unit,
}: {
  invoice: string
  line: InvoiceLine
  hour: InvoiceLineHour
  unit: Unit
}) {
  const [params, setParams] = useSearchParams()
  const open = params.get('hour') === h.hour
  const toggle = () =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now)
        if (open) next.delete('hour')
        else next.set('hour', h.hour)
        return next
      },
      { replace: true, preventScrollReset: true },
    )
  return (
    <>
      <tr data-open={open}>
        <td className={classes.nowrap}>
          <button type="button" className={classes.opener} aria-expanded={open} onClick={toggle}>
            <ChevronRight size={15} aria-hidden="true" />
            <span>{h.hour.slice(11, 16)}</span>
          </button>
        </td>
        <td className="number">{formatQuantity(h.quantity, unit)}</td>
        <td className="number">{formatQuantity(h.metered, unit)}</td>
        <td>
          <Bookings bookings={h.bookings} unit={unit} />
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={4}>
            <LineEvents invoice={invoice} line={line.id} hour={h.hour} />
          </td>
        </tr>
      )}
    </>
  )
}
