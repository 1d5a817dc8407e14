import { describe, expect, it } from 'vitest'
import { formatAmount, formatMoney, minorDigits, parseAmount } from './money'

describe('formatMoney', () => {
  it('writes minor units with the digits that the currency has', () => {
    expect(formatMoney(123456, 'USD')).toBe('USD 1,234.56')
    expect(formatMoney(5, 'EUR')).toBe('EUR 0.05')
    expect(formatMoney(0, 'USD')).toBe('USD 0.00')
    expect(formatMoney(1234567, 'JPY')).toBe('JPY 1,234,567')
    expect(formatMoney(0, 'JPY')).toBe('JPY 0')
    expect(formatMoney(1234567, 'KWD')).toBe('KWD 1,234.567')
  })
  it('tells what is owed to the customer by a minus', () => {
    expect(formatMoney(-99, 'USD')).toBe('USD −0.99')
    expect(formatAmount(-100000, 'USD')).toBe('−1,000.00')
  })
  it('writes a dash for what is not known, never a zero', () => {
    expect(formatMoney(null, 'USD')).toBe('–')
    expect(formatAmount(undefined, 'USD')).toBe('–')
  })
  it('is exact as far as whole numbers are', () => {
    expect(formatMoney(Number.MAX_SAFE_INTEGER, 'USD')).toBe('USD 90,071,992,547,409.91')
  })
})

describe('parseAmount', () => {
  it('reads what people type', () => {
    expect(parseAmount('12.3', 'USD')).toBe(1230)
    expect(parseAmount(' 1,234.56 ', 'USD')).toBe(123456)
    expect(parseAmount('500', 'JPY')).toBe(500)
    expect(parseAmount('0.001', 'KWD')).toBe(1)
    expect(parseAmount('0', 'USD')).toBe(0)
  })
  it('takes nothing that would have to be rounded, and nothing below zero', () => {
    expect(parseAmount('1.005', 'USD')).toBeNull()
    expect(parseAmount('1.5', 'JPY')).toBeNull()
    expect(parseAmount('-3', 'USD')).toBeNull()
    expect(parseAmount('', 'USD')).toBeNull()
    expect(parseAmount('ten', 'USD')).toBeNull()
  })
  it('is the inverse of formatAmount', () => {
    for (const currency of ['USD', 'JPY', 'KWD']) {
      for (const n of [0, 1, 9, 10, 99, 100, 1234567]) expect(parseAmount(formatAmount(n, currency), currency)).toBe(n)
    }
  })
})

describe('minorDigits', () => {
  it('knows a code that nobody knows as one with two', () => expect(minorDigits('nonsense')).toBe(2))
})
