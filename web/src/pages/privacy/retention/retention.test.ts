import { describe, expect, test } from 'vitest'
import { retention, toSend, withEvent, withoutEvent, withoutProperty, withProperty } from './retention'

const nothing = retention.read({ document: {} })

describe('a policy of retention', () => {
  test('says nothing at first, and sends nothing that it does not say', () => {
    expect(nothing).toEqual({ keep_days: null, events: [], properties: [] })
    expect(toSend(nothing)).toEqual({})
    const document = {
      keep_days: 400,
      events: [
        { event: 'page_view', keep_days: 30 },
        { event: 'order', keep_days: null },
      ],
      properties: [
        { path: 'properties.phone', keep_days: 7 },
        { event: 'order', path: 'context.ip', keep_days: 1 },
      ],
    }
    expect(toSend(retention.read({ document }))).toEqual(document)
  })

  test('has one line for each event and each property', () => {
    let d = withEvent(nothing, { event: 'a', keep_days: 1 })
    d = withEvent(d, { event: 'a', keep_days: null })
    d = withProperty(d, { event: '', path: 'properties.x', keep_days: 1 })
    d = withProperty(d, { event: 'a', path: 'properties.x', keep_days: 2 })
    d = withProperty(d, { event: '', path: 'properties.x', keep_days: 3 })
    expect(toSend(d)).toEqual({
      events: [{ event: 'a', keep_days: null }],
      properties: [
        { path: 'properties.x', keep_days: 3 },
        { event: 'a', path: 'properties.x', keep_days: 2 },
      ],
    })
    expect(toSend(withoutProperty(withoutEvent(d, 'a'), { event: '', path: 'properties.x', keep_days: 3 }))).toEqual({
      properties: [{ event: 'a', path: 'properties.x', keep_days: 2 }],
    })
  })

  test('tells what changes, a line for each thing', () => {
    const before = retention.read({
      document: {
        keep_days: 400,
        events: [
          { event: 'a', keep_days: 1 },
          { event: 'b', keep_days: 2 },
        ],
        properties: [{ path: 'properties.x', keep_days: 5 }],
      },
    })
    const after = retention.read({
      document: {
        events: [
          { event: 'a', keep_days: null },
          { event: 'c', keep_days: 30 },
        ],
        properties: [{ event: 'a', path: 'properties.y', keep_days: 1 }],
      },
    })
    expect(retention.changes(before, before)).toEqual([])
    expect(retention.changes(before, after)).toEqual([
      'Events without a line of their own: 400 days → for ever',
      'a: 1 day → for ever',
      'c: kept 30 days',
      'b: kept as the others are',
      'properties.y in a: taken out after 1 day',
      'properties.x in every event: stays as long as the event',
    ])
  })
})
