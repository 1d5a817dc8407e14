import type { UsageBooking } from '../../api/billing'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { formatQuantity, type Unit } from './quantity'
import classes from './Usage.module.css'
import { reasonNames } from './words'

interface BookingsProps {
  bookings: readonly (Omit<UsageBooking, 'in_line'> & { in_line?: boolean })[]
  unit: Unit
}

/** All that was booked of an hour, the first one first. Nothing is ever taken back: a later booking corrects. */
export function Bookings({ bookings, unit }: BookingsProps) {
  const { tz } = useView()
  return (
    <ul className={classes.bookings}>
      {bookings.map((b) => (
        <li key={b.revision} data-after={b.in_line === false}>
          <span className={classes.delta}>
            {b.delta > 0 ? '+' : b.delta < 0 ? '−' : '±'}
            {formatQuantity(Math.abs(b.delta), unit)}
          </span>
          <span>
            {reasonNames[b.reason]}
            <span className="quiet">
              {', '}
              <Time at={b.at} zone={tz} />
              {b.in_line === false && ', after the invoice: it is corrected on a later one'}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}
