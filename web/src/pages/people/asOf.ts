import { isDay, resolve } from '../../time/range'

/** What the address says after `as_of`: a day, which stands for its end in the zone, or a moment. Null is now. */
export function parseAsOf(text: string | null, zone: string): Date | null {
  if (text === null) return null
  if (isDay(text)) return new Date(resolve({ kind: 'days', from: text, to: text }, zone, new Date(0)).to.getTime() - 1)
  const at = new Date(text)
  return /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(at.getTime()) ? at : null
}

/** A JSON value on one line, as people read it. */
export function shortValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
