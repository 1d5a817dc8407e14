import { formatNumber, unknown } from '../../numbers/format'

/** A meter, as far as showing its quantities goes. */
export interface Unit {
  /** In the plural. */
  unit: string
  /** Quantities in one of them. */
  per_unit: number
}

/** A quantity in the unit in which it is shown and priced. */
export function inUnits(quantity: number, { per_unit }: Unit): number {
  const n = quantity / per_unit
  // Of a large number nobody wants a fraction; of a small one, its first digits.
  return Number.isInteger(n) ? n : Math.abs(n) >= 1000 ? Math.round(n) : Number(n.toPrecision(3))
}

/** The number alone, for columns that name the unit. */
export function formatQuantity(quantity: number | null | undefined, unit: Unit): string {
  return quantity === null || quantity === undefined ? unknown : formatNumber(inUnits(quantity, unit))
}

/** With its unit: 1500 ms of query time -> "1.5 seconds"; "1 event". */
export function formatWithUnit(quantity: number | null | undefined, unit: Unit): string {
  if (quantity === null || quantity === undefined) return unknown
  const n = inUnits(quantity, unit)
  return `${formatNumber(n)} ${n === 1 ? singular(unit.unit) : unit.unit}`
}

function singular(unit: string): string {
  return unit.endsWith('s') ? unit.slice(0, -1) : unit
}
