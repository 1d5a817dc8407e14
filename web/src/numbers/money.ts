import { unknown } from './format'

/** How many digits of an amount stand behind the point: 2 of USD, 0 of JPY, 3 of KWD. A code that nobody knows has 2. */
export function minorDigits(currency: string): number {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  } catch {
    return 2
  }
}

/** An amount of minor units with its currency, as invoices write it: 123456 cents -> "USD 1,234.56". What is not known is a dash. */
export function formatMoney(amount: number | null | undefined, currency: string): string {
  if (amount === null || amount === undefined || !Number.isFinite(amount)) return unknown
  return `${currency} ${formatAmount(amount, currency)}`
}

/** The same without the currency, for columns that name it in their heading. */
export function formatAmount(amount: number | null | undefined, currency: string): string {
  if (amount === null || amount === undefined || !Number.isFinite(amount)) return unknown
  const digits = minorDigits(currency)
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  const point = text.length - digits
  const whole = text.slice(0, point).replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return `${amount < 0 ? '−' : ''}${whole}${digits === 0 ? '' : `.${text.slice(point)}`}`
}

/** What somebody typed as an amount, in minor units; null where it is no amount that the currency has. */
export function parseAmount(text: string, currency: string): number | null {
  const digits = minorDigits(currency)
  const found = /^(\d{1,12})(?:\.(\d+))?$/.exec(text.trim().replaceAll(/[\s,']/g, ''))
  const behind = found?.[2] ?? ''
  if (found === null || behind.length > digits) return null
  return Number(`${found[1]}${behind.padEnd(digits, '0')}`)
}
