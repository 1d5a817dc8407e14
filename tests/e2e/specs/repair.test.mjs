// A wrong deploy sets 100,000 events aside; somebody finds out why, puts them right in the browser, and the books balance.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { send, signUp } from '../support/account.mjs'
import { accessible, fits, openBrowser, openPage, settled } from '../support/browser.mjs'
import { ask, enforce, orders } from '../support/contract.mjs'

const good = 2000
const broken = 100_000
const batch = 2500
const deploy = { name: 'shop-web', version: '2.4.0' }

let server, browser, page, context, faults, keys, probes, cause
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Southwind')
  probes = await enforce(page, server.url, keys.secret)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const shot = async (name, options = {}) => {
  if (!process.env.SCREENSHOTS) return
  await settled(page)
  await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png`, ...options })
}

const look = async (where) => {
  await settled(page)
  await accessible(page, where)
  await fits(page, where)
}

/** The ledger's totals, once all that was received has its outcome. */
const ledger = (received) =>
  eventually(async () => {
    const { totals, hours } = await ask(server.url, keys.secret, 'GET', '/v1/ledger')
    return totals.received === received && hours.every((h) => h.balanced) ? totals : undefined
  }, `${received} events in a ledger that balances`)

const checkouts = async () => {
  const at = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString()
  const { series } = await ask(server.url, keys.secret, 'POST', '/v1/query/trends', {
    event: 'checkout', measure: 'count', interval: 'hour', from: at(-3), to: at(1),
  })
  return series.reduce((sum, s) => sum + s.total, 0)
}

test('a wrong deploy is told with its reason, its sender, and since when', async () => {
  const batches = [orders('good', good, (i) => ({ total: 10 + (i % 90), currency: 'EUR' }))]
  for (let at = 0; at < broken; at += batch) {
    batches.push(orders(`deploy-${at}`, batch, (i) => ({ amount: 10 + (i % 90) + 0.5, currency: 'EUR' }), deploy))
  }
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let next = batches.pop(); next !== undefined; next = batches.pop()) await send(server.url, keys.secret, next)
  }))
  const totals = await ledger(probes + good + broken)
  assert.equal(totals.quarantined, broken)
  assert.equal(await checkouts(), probes + good)

  await page.goto('/data/quarantine')
  await page.getByText('100,000 events are in quarantine').waitFor()
  await look('the causes')
  await shot('causes')
  await page.getByRole('link', { name: 'checkout does not fit its schema' }).click()
  await page.waitForURL(/\/data\/quarantine\/[0-9a-f-]{36}/)
  cause = new URL(page.url()).pathname.split('/').at(-1)
  await page.getByRole('heading', { name: 'checkout does not fit its schema' }).waitFor()
  const senders = page.getByRole('region', { name: 'Senders' })
  for (const cell of [deploy.name, deploy.version, 'My site', '100,000']) {
    await senders.getByRole('cell', { name: cell, exact: true }).waitFor()
  }
  await page.getByText('Set aside by the hour').waitFor()
  await look('a cause')
})

test('a mapping is made, rehearsed, and replayed; it can be paused, left, and gone on with', async () => {
  const replay = page.getByRole('button', { name: 'Replay 100,000 events' })
  assert.ok(await replay.isDisabled(), 'nothing is replayed that was not rehearsed')

  // By hand a wrong one first: the rehearsal tells that it would not do.
  await page.getByRole('button', { name: 'Add a step' }).click()
  await page.getByRole('menuitem', { name: /^Fill in/ }).click()
  const first = page.getByRole('group', { name: 'Step 1' })
  await first.getByLabel('Where').fill('properties.total')
  await first.getByLabel('Value').fill('unknown')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Rehearse' }).click()
  await page.getByText('0 of 1,000 events would pass').waitFor()
  await page.getByRole('region', { name: 'Why events do not fit' }).getByText('must be a number').first().waitFor()
  assert.ok(await replay.isDisabled())
  await page.getByRole('button', { name: 'Remove step 1' }).click()

  await page.getByRole('button', { name: 'Rename properties.amount to properties.total' }).click()
  assert.equal(await page.getByRole('group', { name: 'Step 1' }).getByLabel('From').inputValue(), 'properties.amount')
  await page.waitForURL(/mapping=/)
  await page.getByRole('button', { name: 'Rehearse' }).click()
  await page.getByText('All would pass.').waitFor()
  await page.getByText('as it would be stored').first().waitFor()
  await look('a rehearsal')
  if (process.env.SCREENSHOTS) {
    await page.setViewportSize({ width: 1440, height: 1745 })
    await page.evaluate(() => window.scrollTo(0, 0))
    await shot('repair')
    await page.setViewportSize({ width: 1440, height: 900 })
  }
  await page.reload() // the mapping is in the address
  assert.equal(await page.getByRole('group', { name: 'Step 1' }).getByLabel('To').inputValue(), 'properties.total')
  await page.getByRole('button', { name: 'Rehearse' }).click()
  await page.getByText('All would pass.').waitFor()

  await replay.click()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('heading', { name: 'Repair: paused' }).waitFor()
  await look('a replay that rests')
  await page.goto('/data/quarantine/replays')
  await page.getByText('1 replay under way').waitFor()
  await look('the replays')
  await shot('replays')
  await page.getByRole('link', { name: 'checkout does not fit its schema' }).click()
  await page.waitForURL(/\/data\/quarantine\/replays\/[0-9a-f-]{36}/)
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByText(/of 100,000 events, .* a second/).waitFor()
  await look('a replay that runs')
  await shot('replaying')
  await page.getByRole('heading', { name: 'Repair: done' }).waitFor({ timeout: 120_000 })
  await page.getByText('100,000 events were put right').waitFor()
  await look('a replay that is done')
  await shot('replayed')
})

test('afterwards nothing is in quarantine, each event counts once, and the ledger balances', async () => {
  const all = probes + good + broken
  const totals = await ledger(all)
  assert.deepEqual(totals, { received: all, stored: all, duplicate: 0, quarantined: 0, suppressed: 0, held: 0 })
  assert.equal(await checkouts(), all)

  await page.goto('/data/quarantine')
  await page.getByText('Nothing in quarantine').waitFor()
  await page.getByText('Resolved', { exact: true }).click()
  await page.getByRole('link', { name: 'checkout does not fit its schema' }).click()
  await page.getByText('all 100,000 were put right').waitFor()
  await look('a cause that is resolved')

  await page.getByRole('link', { name: 'See these hours in the ledger' }).click()
  await page.getByRole('heading', { name: `Every one of ${all.toLocaleString('en-GB')} received events is accounted for` }).waitFor()
  await look('the ledger')

  // One of them, with what it always had.
  const sent = orders('deploy-0', 1, () => ({}))[0]
  const stored = await ask(server.url, keys.secret, 'GET', `/v1/events/${sent.event_id}`)
  assert.equal(stored.event_id, sent.event_id)
  assert.equal(Date.parse(stored.time), Date.parse(sent.timestamp))
  assert.deepEqual(stored.properties, { total: 10.5, currency: 'EUR' })
})

test('doing it again changes nothing', async () => {
  const again = await page.evaluate(async (id) => {
    const body = { kind: 'repair', cause: id, mapping: [{ op: 'rename', from: 'properties.amount', to: 'properties.total' }] }
    const response = await fetch('/v1/replays', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    })
    return response.json()
  }, cause)
  await page.goto(`/data/quarantine/replays/${again.id}`)
  await page.getByRole('heading', { name: 'Repair: done' }).waitFor()
  await page.getByText('None was put right').waitFor()
  const all = probes + good + broken
  assert.equal((await ledger(all)).stored, all)
  assert.equal(await checkouts(), all)
  assert.deepEqual(faults, [])
})

test('how long events are kept is said, and every page suits a phone and the light theme', async () => {
  await page.goto('/data/quarantine/settings')
  await page.getByLabel('Kept for, in days').fill('400')
  await page.getByText('A whole number from 1 to 365.').waitFor()
  await page.getByLabel('Kept for, in days').fill('30')
  await page.getByLabel('Note').fill('As agreed')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('region', { name: 'Versions of the settings' }).getByRole('cell', { name: 'As agreed' }).waitFor()
  assert.equal((await ask(server.url, keys.secret, 'GET', '/v1/policies/quarantine')).document.keep_days, 30)

  const state = await context.storageState()
  for (const [colorScheme, width] of [['light', 1440], ['dark', 360]]) {
    const small = await openPage(browser, server.url, {
      colorScheme, viewport: { width, height: 800 }, storageState: state,
    })
    for (const where of ['', '/events', '/replays', '/replays/new', '/settings', `/${cause}`]) {
      await small.page.goto(`/data/quarantine${where}`)
      await small.page.getByRole('heading', { level: 1 }).waitFor()
      await settled(small.page)
      await accessible(small.page, `${where} ${colorScheme} ${width}`)
      await fits(small.page, `${where} ${colorScheme} ${width}`)
    }
    assert.deepEqual(small.faults, [])
    await small.context.close()
  }
})
