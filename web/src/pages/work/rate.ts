import { formatShort, unknown } from '../../numbers/format'

/** A rate by the second, or by the longer unit in which it is one at least: 12.5/s, 3/min, 4/h. */
export function formatRate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return unknown
  if (perSecond === 0) return '0/s'
  const units = [
    ['s', 1],
    ['min', 60],
    ['h', 3600],
  ] as const
  const [unit, seconds] = units.find(([, length]) => perSecond * length >= 1) ?? (['h', 3600] as const)
  const n = perSecond * seconds
  return `${formatShort(n >= 100 ? Math.round(n) : Number(n.toPrecision(2)))}/${unit}`
}
