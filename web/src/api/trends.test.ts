import { describe, expect, it } from 'vitest'
import { chooseInterval, sameValues, toQuery, type TrendSpec } from './trends'
import type { TrendsResult } from './types'

const spec: TrendSpec = {
  range: { kind: 'days', from: '2015-05-17', to: '2015-05-20' },
  zone: 'Europe/Berlin',
  interval: 'auto',
  measure: 'count',
}
const period = { from: new Date('2015-05-16T22:00:00Z'), to: new Date('2015-05-20T22:00:00Z') }

describe('toQuery', () => {
  it('leaves out what was not asked for', () => {
    expect(toQuery(spec, period, 'hour')).toEqual({
      measure: 'count',
      interval: 'hour',
      from: '2015-05-16T22:00:00.000Z',
      to: '2015-05-20T22:00:00.000Z',
      timezone: 'Europe/Berlin',
    })
  })

  it('asks for a breakdown of so many values', () => {
    expect(
      toQuery({ ...spec, event: 'page_view', breakdown: 'properties.path', limit: 5 }, period, 'hour'),
    ).toMatchObject({
      event: 'page_view',
      breakdown: 'properties.path',
      breakdown_limit: 5,
    })
  })
})

describe('chooseInterval', () => {
  it('gives way where the period does not allow what was chosen', () => {
    expect(chooseInterval('day', period)).toBe('day')
    expect(chooseInterval('minute', period)).toBe('hour')
    expect(chooseInterval('coarsest', period)).toBe('day')
  })
})

describe('sameValues', () => {
  const answer = (...breakdowns: (string | null)[]) =>
    ({ series: breakdowns.map((breakdown) => ({ breakdown, points: [], total: 0 })) }) as unknown as TrendsResult
  const broken: TrendSpec = { ...spec, breakdown: 'properties.path', filter: { property: 'event', operator: 'is_set' } }

  it('asks for the values that an answer has, the missing one included', () => {
    expect(sameValues(broken, answer('/', null)).filter).toEqual({
      and: [
        { property: 'event', operator: 'is_set' },
        {
          or: [
            { property: 'properties.path', operator: 'in', value: ['/'] },
            { property: 'properties.path', operator: 'is_not_set' },
          ],
        },
      ],
    })
  })

  it('changes nothing where there is none', () => {
    expect(sameValues(broken, answer()).filter).toEqual(broken.filter)
  })
})
