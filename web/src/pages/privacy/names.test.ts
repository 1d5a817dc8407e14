import { expect, test } from 'vitest'
import type { PrivacyPerson } from '../../api/privacy'
import { namesOf } from './names'

const person = (p: Partial<PrivacyPerson>): PrivacyPerson => ({
  given: {},
  user_ids: [],
  anonymous_ids: [],
  properties: [],
  events: 0,
  first_seen: null,
  last_seen: null,
  ...p,
})

test('what somebody was named by is not told again', () => {
  const p = person({ given: { user_id: 'u1' }, user_ids: ['u1', 'u2'], anonymous_ids: ['a1'] })
  expect(namesOf(p)).toEqual({
    others: [
      { by: 'User', value: 'u2' },
      { by: 'Anonymous', value: 'a1' },
    ],
    redacted: 0,
  })
})

test('an address stands once, and forms of redaction are counted', () => {
  const paths = ['properties.email', 'context.traits.email']
  const at = (value: string) => paths.map((property) => ({ property, value }))
  const hash = 'h1_gdlvndc4cccl4zo5wbcievyqsm'
  const given = person({
    given: { email: 'a@b.c' },
    user_ids: [hash],
    properties: [...at('a@b.c'), ...at(hash), ...at('t1_mnvuoxuskg6ji7irtyhuknwozchxutdl')],
  })
  expect(namesOf(given)).toEqual({ others: [], redacted: 3 })
  const found = person({ given: { user_id: 'u1' }, user_ids: ['u1'], properties: at('a@b.c') })
  expect(namesOf(found).others).toEqual([{ by: 'properties.email, context.traits.email', value: 'a@b.c' }])
})
