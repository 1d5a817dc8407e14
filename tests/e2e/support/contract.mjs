// An organization that holds an event against a schema, and the orders that its shop sends.
import assert from 'node:assert/strict'
import { eventually } from '../../segment/support/server.mjs'
import { store } from './account.mjs'

const schema = {
  type: 'object',
  required: ['total', 'currency'],
  properties: { total: { type: 'number' }, currency: { type: 'string', enum: ['EUR', 'USD'] } },
}

/** Asks the API with a key. */
export async function ask(url, key, method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

/** Asks as the one who is logged in: keys of senders may not declare anything. */
export function declare(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const response = await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }, [method, path, body])
}

/**
 * Binds checkout to a schema, and waits until the contract is in force: from then on a number that is sent as a text is
 * stored as a number. Returns how many good events were sent to find that out.
 */
export async function enforce(page, url, key) {
  await declare(page, 'POST', '/v1/schema-registry/subjects/checkout/versions', { schemaType: 'JSON', schema: JSON.stringify(schema) })
  await declare(page, 'PUT', '/v1/policies/contract', {
    document: { unknown_events: 'allow', events: [{ event: 'checkout', subject: 'checkout', mode: 'enforce', unknown_properties: 'keep' }] },
    base_version: 0,
  })
  let probes = 0
  await eventually(async () => {
    const id = `probe-${probes++}`
    await store(url, key, [{ event: 'checkout', event_id: id, user_id: 'probe', properties: { total: '1.5', currency: 'EUR' } }])
    const { properties } = await ask(url, key, 'GET', `/v1/events/${id}`)
    return properties.total === 1.5 || undefined
  }, 'the contract to be in force')
  return probes
}

const start = Math.floor(Date.now() / 1000) * 1000 - 60_000

/** Orders of many people, one a millisecond. */
export function orders(name, count, properties, library) {
  return Array.from({ length: count }, (_, i) => ({
    event: 'checkout', event_id: `${name}-${i}`, user_id: `user-${i % 977}`, timestamp: new Date(start + i).toISOString(),
    properties: properties(i), ...(library && { context: { library } }),
  }))
}
