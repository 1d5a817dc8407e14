import { describe, expect, it } from 'vitest'
import { parseQuestion, titleOf, writeQuestion, type Question } from './question'

const read = (query: string) => parseQuestion(new URLSearchParams(query))
const empty: Question = {
  event: null,
  measure: 'count',
  property: null,
  breakdown: null,
  limit: 10,
  interval: 'auto',
  chart: 'line',
}

describe('a question', () => {
  it('is simple by default', () => expect(read('')).toEqual(empty))

  it.each(['measure=mean', 'interval=fortnight', 'chart=pie', 'limit=1000', 'limit=x'])('ignores %s', (query) =>
    expect(read(query)).toEqual(empty),
  )

  it('is read back from the URL', () => {
    const question: Question = {
      event: 'page view & more',
      measure: 'p95',
      property: 'properties.bytes',
      breakdown: 'properties.path',
      limit: 5,
      interval: 'hour',
      chart: 'bar',
    }
    expect(read(writeQuestion(new URLSearchParams(), question).toString())).toEqual(question)
  })

  it('leaves the view in the URL alone and defaults out of it', () => {
    expect(writeQuestion(new URLSearchParams('range=7d&chart=bar'), { chart: 'line', limit: 10 }).toString()).toBe(
      'range=7d',
    )
  })

  it('forgets the property when the measure needs none', () => {
    expect(
      writeQuestion(new URLSearchParams('measure=sum&property=properties.bytes'), { measure: 'count' }).toString(),
    ).toBe('')
  })

  it('has a title', () => {
    expect(titleOf(read(''))).toBe('Events')
    expect(titleOf(read('measure=avg&property=properties.bytes&event=page_view&breakdown=properties.path'))).toBe(
      'Average of bytes, page_view, by path',
    )
    expect(titleOf(read('measure=avg'))).toBe('Average of …')
    expect(titleOf(read('measure=sessions&property=properties.bytes'))).toBe('Sessions')
  })
})
