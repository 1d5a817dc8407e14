import { formatMoney } from '../../numbers/money'
import classes from './Operator.module.css'

/** An amount that is shown as a loss where it is below nothing. Null is not known. */
export function Money({ amount, currency }: { amount: number | null | undefined; currency: string }) {
  return (
    <span className={amount !== null && amount !== undefined && amount < 0 ? classes.loss : undefined}>
      {formatMoney(amount, currency)}
    </span>
  )
}
