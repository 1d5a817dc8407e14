// Where every received event went: the conservation ledger in words, as a chart, as a table, and to be taken along.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, chart, downloaded, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser, page, context, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Bookkeepers')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const balance = () => page.getByRole('region', { name: 'Where the received events went' })

test('before anything was received it says what would be here', async () => {
  await page.goto('/data/delivery')
  await page.getByText('Nothing was received').waitFor()
  await settled(page)
  await accessible(page, 'an empty ledger')
})

test('the answer comes first, and every event is in one place', async () => {
  const view = (id) => ({ event: 'page_view', event_id: id, user_id: 'u1', properties: { path: '/' } })
  await store(server.url, keys.secret, [view('a'), view('b'), view('c'), { event: '' }])
  await store(server.url, keys.secret, [view('a'), view('d'), { event: 'page_view', event_id: 'e', timestamp: '1970-01-01T00:00:00Z' }])
  await page.goto('/data/delivery?range=24h')
  await balance().getByRole('heading', { name: 'Every one of 7 received events is accounted for' }).waitFor()
  await page.getByRole('group', { name: 'Received 7, and where they went' }).waitFor()
  // Received, stored, duplicate, quarantined, suppressed, held: in one hour, or in two where the clock has just struck.
  const rows = await page.getByRole('region', { name: 'Hours, table' }).locator('tbody tr').all()
  const cells = await Promise.all(rows.map((row) => row.getByRole('cell').allTextContents()))
  const sums = cells.map((row) => row.slice(1, 7).map(Number)).reduce((a, b) => a.map((n, i) => n + b[i]))
  assert.deepEqual(sums, [7, 4, 1, 2, 0, 0])
  assert.ok(cells.every((row) => row.at(-1) === 'Balanced'))
  await chart(page)
  await settled(page)
  await accessible(page, 'the ledger')
  await fits(page, 'the ledger')
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/delivery.png` })
  await page.getByRole('link', { name: 'Why events are in quarantine, and how to put them right' }).click()
  await page.getByText('2 events are in quarantine').waitFor()
})

test('the figures can be read as a table and taken along', async () => {
  await page.goto('/data/delivery?range=24h')
  await chart(page)
  const save = async (item) => {
    await page.getByRole('button', { name: 'Download Received by the hour' }).click()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: item }).click()])
    return downloaded(download)
  }
  const csv = (await save('Table (CSV)')).toString('utf8').trim().split(/\r?\n/)
  assert.match(csv[0], /hour \(UTC\).*Stored.*Duplicate.*Quarantined/)
  const sums = csv.slice(1).map((line) => line.split(',').slice(2).map(Number)).reduce((a, b) => a.map((n, i) => n + b[i]))
  assert.deepEqual(sums, [4, 1, 2])
  assert.equal((await save('Picture (PNG)')).subarray(1, 4).toString(), 'PNG')
  await page.getByText('Table', { exact: true }).click()
  await page.getByRole('region', { name: 'Received by the hour, table' }).getByRole('columnheader', { name: 'Quarantined' }).waitFor()
})

test('an hour that does not balance is told in red, with what to do', async () => {
  // A ledger that is off cannot be had from a server that is well: its answer is changed on the way.
  await page.route('**/v1/ledger?*', async (route) => {
    const response = await route.fetch()
    const ledger = await response.json()
    const [hour] = ledger.hours
    hour.balanced = false
    hour.counts.stored -= 1
    await route.fulfill({ response, json: ledger })
  })
  await page.goto('/data/delivery?range=24h')
  await page.getByRole('alert').getByRole('heading', { name: '1 hour does not balance' }).waitFor()
  await page.getByText('nothing needs to be sent again').waitFor()
  await page.getByRole('cell', { name: '1 unexplained' }).waitFor()
  await settled(page)
  await accessible(page, 'an imbalance')
  await page.unrouteAll({ behavior: 'ignoreErrors' })
})

test('it suits a phone and the light theme', async () => {
  const storageState = await context.storageState()
  for (const [colorScheme, width] of [['light', 1440], ['dark', 360], ['light', 360]]) {
    const other = await openPage(browser, server.url, { colorScheme, viewport: { width, height: 800 }, storageState })
    await other.page.goto('/data/delivery?range=24h')
    await chart(other.page)
    await accessible(other.page, `the ledger, ${colorScheme}, ${width}`)
    await fits(other.page, `the ledger, ${colorScheme}, ${width}`)
    assert.deepEqual(other.faults, [])
    await other.context.close()
  }
  assert.deepEqual(faults, [])
})
