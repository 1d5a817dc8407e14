import { describe, expect, it } from 'vitest'
import { exampleOf } from './examples'
import type { Rule } from './rule'
import { flawOf, freeName, moved, redaction, switchedOff, withoutRule, withRule, type Rules } from './rules'

const emails: Rule = { name: 'emails', detector: 'email', action: 'mask' }
const cards: Rule = { name: 'cards', detector: 'card', action: 'mask' }
const phones: Rule = { name: 'phones', path: 'properties.*.phone', action: 'drop' }
const both: Rules = { rules: [emails, cards] }

describe('changes', () => {
  it('finds nothing between rules that mean the same', () => {
    expect(redaction.changes(both, { rules: [{ ...emails }, { ...cards }] })).toEqual([])
    expect(redaction.read({ document: {} })).toEqual({ rules: [] })
  })

  it('names what is added, changed, moved and switched off', () => {
    expect(redaction.changes(both, withRule(both, null, phones))).toEqual(['phones: added as rule 3, taken out'])
    expect(redaction.changes(both, withRule(both, 'emails', { ...emails, action: 'hash' }))).toEqual([
      'emails: masked → replaced by a pseudonym',
    ])
    expect(redaction.changes(both, withRule(both, 'cards', { ...cards, keep: 2 }))).toEqual([
      'cards: masked → masked, the last 2 stay',
    ])
    expect(redaction.changes(both, withRule(both, 'cards', { ...cards, detector: 'iban' }))).toEqual([
      'cards: looks for iban instead of card',
    ])
    expect(redaction.changes(both, moved(both, 'cards', 0))).toEqual(['The order: cards, emails'])
    expect(redaction.changes(both, withoutRule(both, 'emails'))).toEqual(['emails: switched off'])
  })
})

describe('switchedOff', () => {
  it('finds what other versions have, as the newest of them has it, where it was', () => {
    const older = { document: { rules: [{ ...phones, action: 'mask' }, emails] } }
    const newer = { document: { rules: [emails, phones] } }
    expect(switchedOff({ rules: [cards] }, [newer, older])).toEqual([
      { rule: emails, at: 0 },
      { rule: phones, at: 1 },
    ])
  })
})

describe('freeName', () => {
  it('makes a name that the server takes and no rule has', () => {
    expect(freeName(both, 'E-mail addresses')).toBe('e-mail-addresses')
    expect(freeName(both, 'cards')).toBe('cards-2')
    expect(freeName(both, '9 (?i)…')).toBe('i')
    expect(freeName(both, '…')).toBe('rule')
  })
})

describe('flawOf', () => {
  it('tells the rule from what is wrong with it', () => {
    expect(flawOf('rules[3] (phones): `path` must begin with properties.')).toEqual({
      at: 3,
      text: '`path` must begin with properties.',
    })
    expect(flawOf('rules[0] needs a `name`.')).toEqual({ at: 0, text: 'Needs a `name`.' })
    expect(flawOf('The policy has 201 rules; 200 are allowed.')).toBeNull()
  })
})

describe('exampleOf', () => {
  it('promises nothing where the numbers are not the usual ones', () => {
    expect(exampleOf(cards)?.after).toBe('**** **** **** 1111')
    expect(exampleOf({ ...cards, keep: 4 })?.after).toBe('**** **** **** 1111')
    expect(exampleOf({ ...cards, keep: 2 })).toBeNull()
    expect(exampleOf(phones)).toBeNull()
    expect(exampleOf({ ...emails, action: 'hash' })).toEqual({ before: 'ada@example.com', after: 'h1_…' })
  })
})
