import { describe, expect, it } from 'vitest'
import { nextWords, standingWords, stepWords } from './words'

const owed = [{ currency: 'USD', amount: 4900, invoices: [] }]

describe('standingWords', () => {
  it('is calm as long as nothing is overdue', () => {
    expect(standingWords({ standing: 'ok', suspended_by: null, owed: [] })).toMatchObject({
      title: 'All is paid',
      calm: true,
    })
    expect(standingWords({ standing: 'ok', suspended_by: null, owed })).toMatchObject({
      title: 'Nothing is overdue',
      calm: true,
    })
    for (const standing of ['past_due', 'restricted', 'suspended'] as const)
      expect(standingWords({ standing, suspended_by: null, owed }).calm).toBe(false)
  })
  it('tells what becomes of events', () => {
    expect(standingWords({ standing: 'past_due', suspended_by: null, owed }).text).toMatch(/stored/)
    expect(standingWords({ standing: 'restricted', suspended_by: null, owed }).text).toMatch(/kept/)
    expect(standingWords({ standing: 'suspended', suspended_by: null, owed }).text).toMatch(/402/)
  })
  it('does not ask those for money whom an operator has suspended', () => {
    expect(standingWords({ standing: 'suspended', suspended_by: 'ops', owed: [] }).text).not.toMatch(/paid/)
  })
})

describe('what happens next, and what to do', () => {
  it('is said only where there is something', () => {
    expect(nextWords({})).toBeNull()
    expect(nextWords({ next: { at: '2026-12-01T00:00:00Z', standing: 'restricted' } })).toMatch(/held/)
    expect(stepWords({ step: 'none' })).toBeNull()
    expect(stepWords({ step: 'wait' })).toMatch(/nothing to do/)
  })
})
