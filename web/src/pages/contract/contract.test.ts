import { describe, expect, it } from 'vitest'
import { changesBetween, contractOf, flawsOf, newBinding, withBinding, withoutEvent } from './contract'

const bound = { unknown_events: 'allow', events: [newBinding({ event: 'checkout', subject: 'checkout' })] } as const

describe('contractOf', () => {
  it('fills in what a document leaves out, as the server does', () => {
    expect(contractOf({ document: {} })).toEqual({ unknown_events: 'allow', events: [] })
    expect(contractOf({ document: { events: [{ event: 'a' }, { event: 'b', subject: 's' }] } }).events).toEqual([
      { event: 'a', subject: '', mode: 'off', unknown_properties: 'keep' },
      { event: 'b', subject: 's', mode: 'warn', unknown_properties: 'keep' },
    ])
  })
})

describe('changesBetween', () => {
  it('finds nothing between contracts that mean the same', () => {
    expect(changesBetween(bound, { ...bound, events: [...bound.events] })).toEqual([])
  })

  it('names each thing that changes', () => {
    const after = withBinding(withBinding({ ...bound, unknown_events: 'quarantine' }, newBinding({ event: 'login' })), {
      event: 'checkout',
      subject: 'order',
      mode: 'enforce',
      unknown_properties: 'drop',
    })
    expect(changesBetween(bound, after)).toEqual([
      'Unknown events: allow → quarantine',
      'checkout: subject checkout → order, warn → enforce, unknown properties keep → drop',
      'login: added, no subject, off',
    ])
    expect(changesBetween(after, withoutEvent(after, 'login'))).toEqual(['login: removed'])
  })
})

describe('flawsOf', () => {
  it('wants a subject where an event is looked at', () => {
    expect(flawsOf(bound)).toEqual([])
    expect(
      flawsOf(withBinding(bound, { event: 'login', subject: '', mode: 'warn', unknown_properties: 'keep' })),
    ).toEqual(['login needs a subject.'])
  })
})
