import { describe, expect, it } from 'vitest'
import { findReceipts } from './receipts'

const a = `rcp_${'0123456789abcdefghjkmnpqrstvwxyz'.padEnd(40, '7')}`
const b = `rcp_${'z'.repeat(40)}`

describe('findReceipts', () => {
  it('finds them in a column, in JSON and in a log, in their order', () => {
    expect(findReceipts(`${b}\n${a}\n`).receipts).toEqual([b, a])
    expect(findReceipts(`{"receipt":"${a}","accepted":3}`).receipts).toEqual([a])
    expect(findReceipts(`2026-11-21 INFO sent batch receipt=${a}, next ${b}.`).receipts).toEqual([a, b])
  })
  it('counts what stands there again', () => {
    expect(findReceipts([a, b, a, a].join(' '))).toEqual({ receipts: [a, b], repeated: 2 })
  })
  it('passes over what is no receipt', () => {
    expect(findReceipts('rcp_short, none').receipts).toEqual([])
    expect(findReceipts(`${a}0`).receipts).toEqual([])
    expect(findReceipts(a.toUpperCase()).receipts).toEqual([])
    expect(findReceipts(`rcp_${'l'.repeat(40)}`).receipts).toEqual([])
    expect(findReceipts('').receipts).toEqual([])
  })
})
