import type { UsageForecast } from '../../api/usage'
import { formatNumber, plural } from '../../numbers/format'
import { inUnits, type Unit } from './quantity'

/** What is said of a forecast. */
export type Outlook = Omit<UsageForecast, 'days'>

/** A number as one says it of something uncertain: two digits that count. 1,234,567 -> 1.2 million. */
export function roughly(n: number): string {
  const r = n === 0 ? 0 : Number(n.toPrecision(2))
  if (r >= 1e9) return `${formatNumber(r / 1e9)} billion`
  if (r >= 1e6) return `${formatNumber(r / 1e6)} million`
  return formatNumber(r)
}

/** What a month will come to: "about 620,000 events, between 590,000 and 700,000". */
export function forecastWords(f: Outlook, unit: Unit): string {
  const [expected, low, high] = [f.expected, f.low, f.high].map((n) => roughly(inUnits(n, unit)))
  const between = low === high ? '' : `, between ${low} and ${high}`
  return `about ${expected} ${unit.unit}${between}`
}

/** What a forecast was made from, as the beginning of a sentence. */
export function madeFrom(f: Outlook): string {
  if (f.weeks === 0) return 'By what there is, which is less than a week and so rough'
  return `If it goes on as in the ${f.weeks === 1 ? 'week' : plural(f.weeks, 'week')} before`
}
