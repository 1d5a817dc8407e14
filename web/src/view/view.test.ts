import { describe, expect, it } from 'vitest'
import { parseView, travelling, writeView, type View } from './view'

const empty: View = { range: null, compare: 'previous_period', zone: null, source: null, filter: null }

describe('parseView', () => {
  it('says nothing by default', () => expect(parseView(new URLSearchParams())).toEqual(empty))

  it.each([
    'range=eternity',
    'from=2015-05-17',
    'from=2015-05-20&to=2015-05-17',
    'from=x&to=y',
    'tz=Mars/Olympus',
    'compare=maybe',
    'filters={',
    'from=2015-05-17T10:00:00Z&to=2015-05-17T10:00:00Z',
  ])('ignores %s', (query) => expect(parseView(new URLSearchParams(query))).toEqual(empty))
})

describe('writeView', () => {
  it.each<Partial<View>>([
    { range: { kind: 'preset', preset: '30d' } },
    { range: { kind: 'days', from: '2015-05-17', to: '2015-05-20' } },
    { range: { kind: 'instants', from: '2015-05-17T10:00:00.000Z', to: '2015-05-17T12:00:00.000Z' } },
    { compare: 'previous_year' },
    { compare: 'none', zone: 'Europe/Berlin' },
    { source: '01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11' },
    {
      filter: {
        and: [
          { property: 'properties.path', operator: 'equals', value: '/?a=1&b=2' },
          { not: { property: 'user_id', operator: 'is_set' } },
        ],
      },
    },
  ])('is read back: %o', (view) => {
    const url = writeView(new URLSearchParams(), view).toString()
    expect(parseView(new URLSearchParams(url))).toEqual({ ...empty, ...view })
  })

  it('replaces the range as a whole', () => {
    const days = writeView(new URLSearchParams('range=7d'), {
      range: { kind: 'days', from: '2015-05-17', to: '2015-05-20' },
    })
    expect(days.toString()).toBe('from=2015-05-17&to=2015-05-20')
    expect(writeView(days, { range: { kind: 'preset', preset: '7d' } }).toString()).toBe('range=7d')
    expect(writeView(days, { range: null }).toString()).toBe('')
  })

  it('leaves the parameters of the page alone', () => {
    expect(writeView(new URLSearchParams('event=page_view&range=7d'), { range: null, zone: 'UTC' }).toString()).toBe(
      'event=page_view&tz=UTC',
    )
  })
})

describe('travelling', () => {
  it('leaves the parameters of the page behind', () => {
    expect(travelling(new URLSearchParams('event=page_view&range=7d&tz=UTC&measure=sum'))).toBe('?range=7d&tz=UTC')
    expect(travelling(new URLSearchParams('event=page_view'))).toBe('')
  })
})
