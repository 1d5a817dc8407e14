const locale = 'en-GB'

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
const decimal = new Intl.NumberFormat(locale, { maximumSignificantDigits: 6 })
// British English writes 10k and 1m, which reads like metres.
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 })
const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })

/** What is not known is a dash, never a zero. */
export const unknown = '–'

/** In full: 9,999 or 12.3457. */
export function formatNumber(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return unknown
  return Number.isInteger(n) ? whole.format(n) : Math.abs(n) >= 1e6 ? whole.format(n) : decimal.format(n)
}

/** For axes and narrow places: 10K, 1.23M. */
export function formatShort(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return unknown
  return Math.abs(n) < 10_000 ? formatNumber(n) : short.format(n)
}

/** A share from 0 to 1 as 12.5%. A share that is not nothing is not shown as nothing. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return unknown
  if (share > 0 && share < 0.001) return '<0.1%'
  if (share < 1 && share > 0.999) return '>99.9%'
  return percent.format(share)
}

export type Direction = 'up' | 'down' | 'same'

export interface Change {
  direction: Direction
  /** "12.5%", or "4.2×" from ten times on. */
  text: string
}

/** How a number changed, or null when there is nothing to compare with. */
export function change(now: number | null | undefined, before: number | null | undefined): Change | null {
  if (now === null || now === undefined || before === null || before === undefined || before === 0) return null
  const ratio = now / before
  if (!Number.isFinite(ratio)) return null
  if (now === before) return { direction: 'same', text: '0%' }
  const text = ratio >= 10 ? `${decimal.format(Number(ratio.toPrecision(3)))}×` : formatShare(Math.abs(ratio - 1))
  return { direction: now > before ? 'up' : 'down', text }
}

/** "1 event", "2 events". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

const byteUnits = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** 0 -> "0 bytes", 1536 -> "1.54 kB": in powers of a thousand. */
export function formatBytes(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return unknown
  if (n === 1) return '1 byte'
  let at = 0
  let size = n
  while (size >= 999.5 && at < byteUnits.length - 1) {
    size /= 1000
    at++
  }
  return `${at === 0 ? formatNumber(size) : decimal.format(Number(size.toPrecision(3)))} ${byteUnits[at]}`
}
