import { expect, it } from 'vitest'
import type { Event } from '../../api/types'
import { found } from './found'

const event = (facts: Event['facts'], bot = '') => ({ facts, bot }) as Event

it('shows facts in their order, versions behind what they are of', () => {
  expect(
    found(
      event({
        browser: 'Firefox',
        browser_version: '133',
        os: 'Linux',
        country: 'DE',
        utm_source: 'news',
        session_new: true,
      }),
    ),
  ).toEqual([
    ['Browser', 'Firefox 133'],
    ['System', 'Linux'],
    ['Country', 'DE'],
    ['utm_source', 'news'],
    ['Began the session', 'yes'],
  ])
})

it('begins with a bot, and hides no version that stands alone', () => {
  expect(found(event({ device: 'bot', service_version: '1.2' }, 'crawler: Googlebot'))).toEqual([
    ['Bot', 'crawler: Googlebot'],
    ['Device', 'bot'],
    ['service_version', '1.2'],
  ])
  expect(found(event({}))).toEqual([])
})
