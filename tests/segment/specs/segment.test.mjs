// Segment's own JavaScript clients, as they are published, against a running Observatory: nothing but the host is changed.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Analytics } from '@segment/analytics-node'
import { signUp, startServer } from '../support/server.mjs'
import { startBrowser, startSite, visit } from '../support/page.mjs'

let server, account

before(async () => {
  server = await startServer()
  account = await signUp(server.url)
})
after(() => server?.stop())

/** An event without what every call has. */
const brief = (e) => ({ event: e.event, type: e.type, user_id: e.user_id, anonymous_id: e.anonymous_id, properties: e.properties })

describe('@segment/analytics-node', () => {
  const client = (options) => new Analytics({ writeKey: account.publishable, host: server.url, ...options })

  test('every call arrives as the event that it is', async () => {
    const analytics = client()
    const errors = []
    analytics.on('error', (error) => errors.push(error))
    const userId = 'node-user'
    const timestamp = new Date(Date.now() - 3600_000)
    const context = { ip: '203.0.113.7', campaign: { name: 'spring' } }
    analytics.identify({ userId, traits: { plan: 'pro', seats: 3 } })
    analytics.track({ userId, event: 'Order Completed', properties: { total: 19.9, items: ['a', 'b'] }, timestamp, context, integrations: { Slack: false }, messageId: 'node-1' })
    analytics.page({ userId, category: 'Docs', name: 'Home', properties: { path: '/docs' } })
    analytics.screen({ userId, name: 'Cart', properties: { items: 2 } })
    analytics.group({ userId, groupId: 'acme', traits: { size: 40 } })
    analytics.alias({ userId, previousId: 'node-visitor' })
    analytics.track({ anonymousId: 'node-visitor', event: 'Visited' })
    await analytics.closeAndFlush()
    assert.deepEqual(errors, [])

    const events = await account.waitForEvents('user_id', userId, 6)
    const byType = Object.fromEntries(events.map((e) => [e.type, brief(e)]))
    const who = { user_id: userId, anonymous_id: '' }
    assert.deepEqual(byType, {
      identify: { event: 'identify', type: 'identify', ...who, properties: { plan: 'pro', seats: 3 } },
      track: { event: 'Order Completed', type: 'track', ...who, properties: { total: 19.9, items: ['a', 'b'] } },
      page: { event: 'page_view', type: 'page', ...who, properties: { path: '/docs', category: 'Docs', name: 'Home' } },
      screen: { event: 'screen_view', type: 'screen', ...who, properties: { items: 2, name: 'Cart' } },
      group: { event: 'group', type: 'group', ...who, properties: { size: 40, group_id: 'acme' } },
      alias: { event: 'alias', type: 'alias', ...who, properties: { previous_id: 'node-visitor' } },
    })
    const order = events.find((e) => e.event_id === 'node-1')
    assert.equal(order.event, 'Order Completed')
    assert.equal(new Date(order.time).getTime(), timestamp.getTime())
    assert.equal(order.context.library.name, '@segment/analytics-node')
    assert.equal(order.context.ip, '203.0.113.0') // the default policy of redaction
    assert.deepEqual(order.context.campaign, { name: 'spring' })
    assert.deepEqual(order.context.integrations, { Slack: false })
    const [visited] = await account.waitForEvents('anonymous_id', 'node-visitor', 1)
    assert.deepEqual(brief(visited), { event: 'Visited', type: 'track', user_id: '', anonymous_id: 'node-visitor', properties: {} })
  })

  test('nothing is lost or doubled between the first call and the end of the flush', async () => {
    let requests = 0
    const analytics = client({ flushAt: 50, httpClient: (url, init) => { requests++; return fetch(url, init) } })
    for (let i = 0; i < 1000; i++) analytics.track({ anonymousId: 'node-many', event: 'Counted', properties: { i } })
    await analytics.closeAndFlush()
    assert.equal(requests, 20)
    await account.settled(1000)
    assert.equal(await account.count('Counted'), 1000)
  })

  test('a bad item costs neither its batch nor a second request', async () => {
    let requests = 0
    const analytics = client({ httpClient: (url, init) => { requests++; return fetch(url, init) } })
    const errors = []
    analytics.on('error', (error) => errors.push(error))
    let deep = {}
    for (let i = 0; i < 40; i++) deep = { deep }
    analytics.track({ anonymousId: 'node-bad', event: 'Good before' })
    analytics.track({ anonymousId: 'node-bad', event: 'Too deep', properties: deep, messageId: 'node-bad-1' })
    analytics.track({ anonymousId: 'node-bad', event: 'Good after' })
    await analytics.closeAndFlush()
    assert.deepEqual(errors, [])
    assert.equal(requests, 1)
    const letter = await account.waitForQuarantine((e) => e.event_id === 'node-bad-1')
    assert.equal(letter.code, 'too_deep')
    const good = await account.waitForEvents('anonymous_id', 'node-bad', 2)
    assert.deepEqual(good.map((e) => e.event).sort(), ['Good after', 'Good before'])
  })

  test('a wrong key is an error that the client reports and does not repeat', async () => {
    let requests = 0
    const analytics = client({ writeKey: 'not-a-key', httpClient: (url, init) => { requests++; return fetch(url, init) } })
    const errors = []
    analytics.on('error', (error) => errors.push(error))
    analytics.track({ anonymousId: 'node-wrong', event: 'Lost' })
    await analytics.closeAndFlush()
    assert.equal(errors.length, 1)
    assert.equal(requests, 1)
  })
})

describe('@segment/analytics-next in Chromium', () => {
  let site, browser
  before(async () => {
    site = await startSite()
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    await site?.stop()
  })

  /** Opens a page and loads the client in it; returns what the page saw. The client is `analytics` there. */
  async function open(path, options = {}) {
    const visited = await visit(browser, site.origin + path)
    await visited.page.evaluate(async ([writeKey, cdnURL, more]) => {
      const [analytics] = await globalThis.AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL }, more)
      globalThis.analytics = analytics
    }, [account.publishable, server.url, options])
    return visited
  }

  /** No host but the site's own and Observatory's was asked for anything. */
  function assertNobodyElseWasAsked({ requests, complaints }) {
    const hosts = new Set(requests.map((request) => new URL(request.url()).origin))
    assert.deepEqual([...hosts].sort(), [server.url, site.origin].sort())
    assert.deepEqual(complaints, [])
  }

  test('every call arrives as the event that it is', async () => {
    const visited = await open('/shop?utm_source=news&utm_campaign=spring')
    await visited.page.evaluate(async () => {
      const a = globalThis.analytics
      a.setAnonymousId('browser-visitor')
      await a.page('Shop', 'Plants', { season: 'spring' })
      await a.track('Plant Watered', { litres: 0.5, name: 'Монстера 🌿' }, { integrations: { Slack: false } })
      await a.alias('browser-user', 'browser-visitor')
      await a.identify('browser-user', { plan: 'free' })
      await a.group('acme', { size: 40 })
      await a.screen('Cart', { items: 2 })
    })
    const events = await account.waitForEvents('anonymous_id', 'browser-visitor', 6)
    const byType = Object.fromEntries(events.map((e) => [e.type, e]))
    const of = (type) => [byType[type].event, byType[type].user_id, byType[type].properties]
    assert.deepEqual(of('page'), ['page_view', '', {
      category: 'Shop', name: 'Plants', season: 'spring', path: '/shop', referrer: '', search: '?utm_source=news&utm_campaign=spring',
      title: 'Plants & Pots', url: `${site.origin}/shop?utm_source=news&utm_campaign=spring`,
    }])
    assert.deepEqual(of('track'), ['Plant Watered', '', { litres: 0.5, name: 'Монстера 🌿' }])
    assert.deepEqual(of('identify'), ['identify', 'browser-user', { plan: 'free' }])
    assert.deepEqual(of('group'), ['group', 'browser-user', { size: 40, group_id: 'acme' }])
    assert.deepEqual(of('alias'), ['alias', 'browser-user', { previous_id: 'browser-visitor' }])
    assert.equal(byType.screen.event, 'screen_view')
    assert.equal(byType.screen.properties.items, 2)
    const { context } = byType.track
    assert.equal(context.library.name, 'analytics.js')
    assert.equal(context.page.path, '/shop')
    assert.deepEqual(context.campaign, { source: 'news', name: 'spring' })
    assert.equal(context.integrations.Slack, false)
    assert.match(context.userAgent, /Chrome/)
    assertNobodyElseWasAsked(visited)
    await visited.page.close()
  })

  test('batches arrive, the last one when the page is left', async () => {
    const visited = await open('/', { integrations: { 'Segment.io': { deliveryStrategy: { strategy: 'batching', config: { size: 3, timeout: 60_000 } } } } })
    await visited.page.evaluate(() => {
      const a = globalThis.analytics
      a.setAnonymousId('browser-batch')
      return Promise.all([1, 2, 3, 4].map((i) => a.track('Batched', { i })))
    })
    await account.waitForEvents('anonymous_id', 'browser-batch', 3)
    await visited.page.click('a') // leaves the page
    const events = await account.waitForEvents('anonymous_id', 'browser-batch', 4)
    assert.deepEqual(events.map((e) => e.properties.i).sort(), [1, 2, 3, 4])
    const sent = visited.requests.filter((r) => r.method() === 'POST')
    assert.deepEqual(new Set(sent.map((r) => new URL(r.url()).pathname)), new Set(['/v1/b']))
    assertNobodyElseWasAsked(visited)
    await visited.page.close()
  })

  test('what failed is tried again, with X-Retry-Count, and counted once', async () => {
    const visited = await open('/')
    let failures = 0
    await visited.page.route('**/v1/t', (route) => (failures++ === 0
      ? route.fulfill({ status: 503, headers: { 'Access-Control-Allow-Origin': '*' } })
      : route.fallback()))
    await visited.page.evaluate(() => {
      globalThis.analytics.setAnonymousId('browser-retry')
      globalThis.analytics.track('Retried')
    })
    await account.waitForEvents('anonymous_id', 'browser-retry', 1)
    const last = visited.requests.filter((r) => r.url().endsWith('/v1/t')).at(-1)
    assert.equal((await last.allHeaders())['x-retry-count'], '1')
    assert.equal(await account.count('Retried'), 1)
    await visited.page.close()
  })

  test('a secret key works on no page', async () => {
    const { page } = await open('/')
    const post = (key) => page.evaluate(([url, writeKey]) => fetch(`${url}/v1/t`, {
      method: 'POST', body: JSON.stringify({ event: 'Posted', anonymousId: 'x', writeKey }),
    }).then((response) => response.status, () => 'blocked'), [server.url, key])
    assert.equal(await post(account.publishable), 200)
    assert.equal(await post(account.secret), 'blocked') // the page may not even read the refusal
    await page.close()
  })
})
