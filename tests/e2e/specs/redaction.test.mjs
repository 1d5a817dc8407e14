// What is kept out of events, and what is found out about them: rules made by hand, tried, published and taken back.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser, page, faults, keys
const context = { ip: '203.0.113.77' }
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Northwind')
  await store(server.url, keys.secret, [1, 2, 3].map((i) => ({
    event: 'checkout', event_id: `before-${i}`, user_id: 'u1', context, properties: { contact: 'ring +49 30 901820', total: i },
  })))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const within = (panel) => page.locator('section').filter({ has: page.getByRole('heading', { name: panel, exact: true }) })
const dialog = () => page.getByRole('dialog')

async function api(method, path, body) {
  const response = await fetch(server.url + path, {
    method, headers: { Authorization: `Bearer ${keys.secret}`, 'Content-Type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
  return response.json()
}

/** Publishes as whoever is logged in, from whatever is in force, and not through the page. */
async function publish(kind, document) {
  const { version } = await api('GET', `/v1/policies/${kind}`)
  const problem = await page.evaluate(async ([url, body]) => {
    const response = await fetch(url, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body })
    return response.ok ? '' : response.text()
  }, [`/v1/policies/${kind}`, JSON.stringify({ document, base_version: version })])
  assert.equal(problem, '')
}

/** Sends an event until it is stored as the newest rules would: they reach every node within 5 seconds. */
async function sent(name, event, done) {
  for (let i = 0; ; i++) {
    await store(server.url, keys.secret, [{ event: 'checkout', event_id: `${name}-${i}`, ...event }])
    const stored = await api('GET', `/v1/events/${name}-${i}`)
    if (done(stored)) return stored
    assert.ok(i < 200, `still ${JSON.stringify(stored)}`)
  }
}

async function look(where) {
  await settled(page)
  await accessible(page, where)
  await fits(page, where)
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${where.replaceAll(' ', '-')}.png`, fullPage: true })
}

test('a rule is made by hand, tried on stored events, published, and named by the events that it touches', async () => {
  await page.goto('/data/redaction')
  await page.getByText('7 rules keep personal data').waitFor()
  await page.getByText('The built-in policy').waitFor()
  await look('redaction')

  await page.getByRole('button', { name: 'Add a rule' }).click()
  await choose(page, 'Detector', 'Phone numbers')
  await dialog().getByText(/Precision 100%/).waitFor()
  await dialog().getByLabel('Mask', { exact: true }).check()
  await dialog().getByLabel('Name', { exact: true }).fill('phones')
  await look('a rule')
  await dialog().getByRole('button', { name: 'Add', exact: true }).click()
  await dialog().waitFor({ state: 'hidden' })
  await within('Rules').getByText('Phone numbers').waitFor()

  await page.getByRole('button', { name: 'Rehearse' }).click()
  const rehearsal = within('Rehearsal')
  await rehearsal.getByText('3 of 3 events').waitFor()
  const row = rehearsal.getByRole('row').filter({ hasText: 'phones' })
  await row.getByRole('cell', { name: '3', exact: true }).waitFor()
  await rehearsal.getByText('ring +49 30 901820').first().waitFor()
  await rehearsal.getByText('ring +** ** **1820').first().waitFor()
  await look('a rehearsal of redaction')

  await page.getByLabel('Note').fill('Nobody needs to ring them')
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByText('8 rules keep personal data').waitFor()
  await page.getByText(/Version 1, in force since .* “Nobody needs to ring them”/).waitFor()
  assert.equal(await page.getByText('unpublished change').count(), 0)

  const stored = await sent('after', { properties: { contact: 'ring +49 30 901820' } }, (e) => e.redactions.includes('phones'))
  assert.equal(stored.properties.contact, 'ring +** ** **1820')
  await page.goto(`/events/${stored.event_id}`)
  await within('By your rules').getByText('phones').waitFor()
  await within('Properties').getByText('ring +** ** **1820').waitFor()
  assert.deepEqual(faults, [])
})

test('a rule that cannot be used says why, and is not taken', async () => {
  await page.goto('/data/redaction?add=rule')
  await dialog().getByText('Its name').click()
  await dialog().getByLabel('Pattern of the name').fill('(unclosed')
  await dialog().getByRole('button', { name: 'Add', exact: true }).click()
  await dialog().getByRole('alert').getByText(/is not a regular expression that can be used/).waitFor()
  await look('a rule that cannot be used')
  await dialog().getByRole('button', { name: 'Cancel' }).click()
  await dialog().waitFor({ state: 'hidden' })
  assert.equal(await page.getByText('unpublished change').count(), 0)
})

test('rules are moved by keyboard, switched off and on again, and the changes outlive a reload', async () => {
  await page.goto('/data/redaction')
  const rules = within('Rules').getByRole('listitem')
  await rules.first().getByText('credentials', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Move phones up' }).focus()
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Enter')
    await page.getByText(`phones is now rule ${7 - i} of 8`).waitFor({ state: 'attached' })
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Move phones up')
  }
  await rules.nth(4).getByText('phones', { exact: true }).waitFor()
  await page.getByRole('switch', { name: 'The rule emails is on' }).click({ force: true })
  await page.getByText('2 unpublished changes').first().waitFor()
  await page.reload()
  await page.getByText('2 unpublished changes').first().waitFor()
  await page.getByText('emails: switched off').waitFor()
  await page.getByText('1 rule of other versions is switched off').click()
  await page.getByRole('switch', { name: 'The rule emails is on' }).click({ force: true })
  await page.getByRole('button', { name: 'Discard' }).click()
  await rules.nth(7).getByText('phones', { exact: true }).waitFor()
  assert.deepEqual(faults, [])
})

test('who was quicker is told, and changes can be kept in the place of theirs', async () => {
  await page.goto('/data/redaction')
  await page.getByRole('switch', { name: 'The rule cards is on' }).click({ force: true })
  const { document } = await api('GET', '/v1/policies/redaction')
  await publish('redaction', { rules: [...document.rules, { name: 'street', path: 'properties.street', action: 'drop' }] })
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('alert').getByText(/Version 2 was published by/).waitFor()
  await page.getByText('street: switched off').waitFor()
  await look('a conflict')
  await page.getByRole('button', { name: 'Discard mine' }).click()
  await within('Rules').getByText('street', { exact: true }).waitFor()
})

test('an older version is restored as a new one', async () => {
  await page.goto('/data/redaction')
  await page.getByRole('button', { name: 'Restore the built-in policy' }).click()
  await page.getByText('phones: switched off').waitFor()
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByText(/^Version 3, in force since/).waitFor()
  await page.getByText('7 rules keep personal data').waitFor()
  await page.getByRole('button', { name: 'Show the document of version 3' }).click()
  await page.waitForURL(/version=3/)
  const stored = await sent('restored', { properties: { contact: '+49 30 901820' } }, (e) => e.redactions.length === 0)
  assert.equal(stored.properties.contact, '+49 30 901820')
  assert.deepEqual(faults, [])
})

test('every example that the page shows is what becomes of such an event', async () => {
  const examples = JSON.parse(await readFile(new URL('../../../web/src/pages/redaction/examples.json', import.meta.url), 'utf8'))
  // No two rules of one policy may want the same value, so each example gets a path or a policy of its own kind.
  const whole = examples.filter((e) => e.detector === undefined)
  await publish('redaction', { rules: whole.map((e, i) => ({ name: `e${i}`, path: `properties.v${i}`, action: e.action })) })
  const stored = await sent('whole', { properties: Object.fromEntries(whole.map((e, i) => [`v${i}`, e.before])) }, (e) => e.redactions.includes('e0'))
  for (const [i, e] of whole.entries()) assert.equal(stored.properties[`v${i}`], e.after, JSON.stringify(e))
  const found = examples.filter((e) => e.detector !== undefined)
  for (const action of new Set(found.map((e) => e.action))) {
    const these = found.filter((e) => e.action === action)
    await publish('redaction', {
      rules: [{ name: `marked-${action}`, path: 'properties.mark', action: 'drop' }, ...these.map((e) => ({ name: `d-${e.detector.replaceAll('_', '-')}`, detector: e.detector, action }))],
    })
    const properties = { mark: 'x', ...Object.fromEntries(these.map((e) => [`v_${e.detector}`, e.before])) }
    const seen = await sent(`found-${action}`, { properties }, (e) => e.redactions.includes(`marked-${action}`))
    for (const e of these) assert.equal(seen.properties[`v_${e.detector}`], e.after, JSON.stringify(e))
  }
})

test('tokens are revealed, and the secret is replaced once the name is typed', async () => {
  await publish('redaction', { rules: [{ name: 'notes', path: 'properties.note', action: 'tokenise' }, { name: 'ids', path: 'properties.id', action: 'hash' }] })
  const event = { properties: { note: 'the blue door', id: 'ada' } }
  const first = await sent('sealed', event, (e) => /^t1_/.test(e.properties.note))
  await page.goto('/data/redaction/secret')
  await page.getByText('the beginning').waitFor()
  await page.getByLabel('Tokens').fill(`${first.properties.note}\nt1_nothing`)
  await page.getByRole('button', { name: 'Reveal 2 tokens' }).click()
  const revealed = page.getByRole('region', { name: 'Revealed' })
  await revealed.getByText('the blue door').waitFor()
  await look('revealed tokens')
  await page.getByRole('button', { name: 'Hide' }).click()
  await revealed.waitFor({ state: 'hidden' })

  await page.getByRole('button', { name: 'Replace the secret' }).click()
  await dialog().getByText('look like new ones').waitFor()
  const replace = dialog().getByRole('button', { name: 'Replace', exact: true })
  assert.ok(await replace.isDisabled())
  await look('replacing the secret')
  await dialog().getByLabel(/to confirm/).fill('Northwind')
  await replace.click()
  await dialog().waitFor({ state: 'hidden' })
  await page.getByRole('region', { name: 'Versions of the secret' }).getByRole('cell', { name: '2', exact: true }).waitFor()
  const later = await sent('resealed', event, (e) => /^h2_/.test(e.properties.id))
  assert.notEqual(later.properties.id, first.properties.id)
  await page.goto('/settings/audit')
  await page.getByText('redaction.revealed').first().waitFor()
  assert.equal(await page.getByText('the blue door').count(), 0)
  assert.deepEqual(faults, [])
})

test('steps of enrichment are switched, sessions made longer, and a source is said to be a service', async () => {
  await page.goto('/data/enrichment')
  await page.getByText('All 6 steps').waitFor()
  await page.getByText('OBSERVATORY_GEO_DB').waitFor()
  await look('enrichment')
  await page.getByRole('switch', { name: 'Campaign and channel' }).click({ force: true })
  await page.getByLabel('Minutes without an event').fill('45')
  await page.getByRole('textbox', { name: /^Service of / }).fill('shop')
  await page.getByText('3 unpublished changes').first().waitFor()

  const review = page.getByRole('button', { name: 'Review', exact: true })
  const height = () => page.evaluate(() => document.documentElement.scrollHeight)
  await page.evaluate(() => scrollTo(0, 0))
  await review.waitFor()
  const withBar = await height()
  await review.click()
  await review.waitFor({ state: 'hidden' })
  assert.equal(await height(), withBar, 'what is below moves when the bar goes')

  await page.getByRole('button', { name: 'Rehearse' }).click()
  await within('Rehearsal').getByText(/"service": "shop"/).first().waitFor()
  await look('a rehearsal of enrichment')
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByText('5 of 6 steps').waitFor()
  await page.getByText(/^Version 1, in force since/).waitFor()
  const stored = await sent('served', { properties: {} }, (e) => e.facts.service === 'shop')
  assert.equal(stored.facts.channel, undefined)
  assert.deepEqual((await api('GET', '/v1/policies/enrichment')).document.session, { timeout_minutes: 45 })
  assert.deepEqual(faults, [])
})

for (const [colorScheme, width] of [['light', 1440], ['dark', 360], ['light', 360]]) {
  test(`redaction and enrichment are accessible and fit: ${colorScheme}, ${width} px`, async () => {
    const opened = await openPage(browser, server.url, { colorScheme, viewport: { width, height: 740 }, storageState: await page.context().storageState() })
    for (const where of ['/data/redaction', '/data/redaction?add=rule', '/data/redaction/secret', '/data/enrichment']) {
      await opened.page.goto(where)
      await opened.page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
      await settled(opened.page)
      await accessible(opened.page, where)
      await fits(opened.page, where)
    }
    assert.deepEqual(opened.faults, [])
    await opened.context.close()
  })
}
