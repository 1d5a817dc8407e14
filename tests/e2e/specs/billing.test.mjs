// Usage and billing: a limit is reached and events are held, an upgrade has them stored, and what it costs opens down to the events.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
// Not the server that journeys share: its plans have more room than a journey fills.
import { startServer } from '../../segment/support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, fits, openBrowser, openPage, settled } from '../support/browser.mjs'
import { ask } from '../support/contract.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const slow = { timeout: 90_000 } // usage is counted once a minute

let server, browser, page, context, faults, keys, folder, receipts
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'observatory-plans-'))
  const plans = await readFile(path.join(root, 'billing/plan/plans.yaml'), 'utf8')
  await writeFile(path.join(folder, 'plans.yaml'), plans.replace('{included: 1000000}', '{included: 40}').replace('included: 5000000', 'included: 50'))
  server = await startServer('--plans', path.join(folder, 'plans.yaml'))
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Foghorn')
})
after(async () => {
  await browser?.close()
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const dialog = () => page.getByRole('dialog')
const region = (name) => page.getByRole('region', { name })
const account = () => page.getByRole('complementary', { name: 'Account' })
const warnings = (from, count) => Array.from({ length: count }, (_, i) => ({
  event: 'blast', event_id: `blast-${from + i}`, user_id: `ship-${i % 7}`, timestamp: new Date(Date.now() - 60_000 - i).toISOString(),
}))

/** Looks whether a page is accessible and fits as it is now. */
async function looks(where, at = page) {
  await settled(at)
  await accessible(at, where)
  await fits(at, where)
  if (process.env.SCREENSHOTS) await at.screenshot({ path: `${process.env.SCREENSHOTS}/billing-${where.replaceAll(/[^\w]+/g, '-')}.png`, fullPage: true })
}

test('beyond the limit events are held: their receipts say so, and so does every page', async () => {
  const stored = await store(server.url, keys.secret, warnings(0, 40))
  const beyond = await store(server.url, keys.secret, warnings(40, 25))
  receipts = [stored.receipt, beyond.receipt]
  const told = await ask(server.url, keys.secret, 'GET', `/v1/receipts/${beyond.receipt}`)
  assert.deepEqual([told.counts.held, told.events[0].code], [25, 'over_quota'])
  await page.goto('/usage/quota')
  await region('How it stands').getByText('40 of 40 events').waitFor()
  await page.getByRole('heading', { name: '25 events held' }).waitFor()
  await page.getByRole('row', { name: /^Beyond the limit 25 / }).waitFor()
  assert.ok(await page.getByRole('button', { name: 'Store them now' }).isDisabled(), 'there is no room')
  await looks('held events')
  await page.goto('/')
  await account().getByText('25 events are held, not lost').waitFor()
  await looks('the line above a page')
  await account().getByRole('link', { name: 'What to do' }).click()
  await page.waitForURL('**/usage/quota')
})

test('a change of the plan is shown with what it costs, and what was held is stored under its own ID', async () => {
  await page.getByRole('link', { name: 'See the plans' }).click()
  await region('Your plan').or(page.getByText('You are on Free')).first().waitFor()
  await looks('plans')
  await page.getByRole('button', { name: 'Change to Growth' }).click()
  await dialog().getByText('before anything is used').waitFor()
  await dialog().getByLabel('Coupon').fill('NO-SUCH')
  await dialog().getByText('There is no such coupon').waitFor()
  await dialog().getByLabel('Coupon').fill('welcome20')
  await dialog().getByLabel(/^Spend cap/).fill('1,000.005')
  await dialog().getByText('Write an amount').waitFor()
  await dialog().getByLabel(/^Spend cap/).fill('1,000.00')
  await dialog().getByText('before anything is used').waitFor()
  await dialog().getByText('Its lines').last().click()
  await looks('what a change costs')
  await dialog().getByRole('button', { name: 'Change to Growth' }).click()
  await page.getByText('You are on Growth', { exact: true }).first().waitFor()
  await page.getByText('WELCOME20: 20% off, month 1 of 3').waitFor()
  await page.getByText('USD 1,000.00 a month').waitFor()

  await page.goto('/usage/quota')
  await page.getByText('Nothing is held').waitFor(slow)
  await account().waitFor({ state: 'detached' })
  const { counts } = await ask(server.url, keys.secret, 'GET', `/v1/receipts/${receipts[1]}`)
  assert.deepEqual([counts.stored, counts.held], [25, 0])
})

test('what was used is counted, and opens into hours and events', async () => {
  await page.goto('/usage')
  await region('How it stands').getByText('65 events used in').waitFor(slow)
  await page.getByRole('row', { name: /^Monthly tracked users .* 7 users/ }).waitFor()
  await page.getByRole('heading', { name: 'Nothing came for free' }).waitFor()
  await page.getByRole('button', { name: 'How is this computed: Events' }).click()
  await dialog().getByText('events stored, by the hour', { exact: false }).waitFor()
  await looks('how a meter is computed')
  await page.keyboard.press('Escape')
  await dialog().waitFor({ state: 'hidden' })
  const hour = region('Hours').getByRole('button', { name: /^\d\d:00$/ }).first()
  await hour.waitFor(slow)
  await hour.click()
  await region('Hours').getByRole('link', { name: /^blast-/ }).first().waitFor()
  await looks('usage')
  await page.getByRole('button', { name: 'Month before' }).click()
  await page.waitForURL(/month=\d{4}-\d\d/)
  await page.getByText('No hour of this day came to anything').waitFor()
  await page.getByRole('button', { name: 'This month' }).click()
  await page.waitForURL((url) => !url.searchParams.has('month'))
})

test('the month as an invoice opens line by line, down to the event; on paper and as CSV', async () => {
  await page.goto('/usage/invoices')
  await page.getByText('Nothing is owed').waitFor()
  await page.getByText('No invoice yet').waitFor()
  await looks('invoices')
  await page.getByRole('link', { name: 'See its lines' }).click()
  await page.getByRole('heading', { level: 1, name: /so far$/ }).waitFor()
  const lines = region('Lines')
  await lines.getByRole('button', { name: /^Events/ }).first().click()
  await lines.getByRole('button', { name: /^\w{3},? \d/ }).first().click()
  await lines.getByRole('button', { name: /^\d\d:00$/ }).first().click()
  const event = lines.getByRole('link', { name: /^blast-/ }).first()
  await event.waitFor()
  await looks('a line down to its events')
  await page.reload()
  await event.waitFor() // what is open stands in the address
  const [total] = (await lines.getByRole('row', { name: /^Total before tax/ }).textContent()).match(/[\d,]+\.\d\d$/)
  const csv = await page.request.get(await page.getByRole('link', { name: 'CSV' }).getAttribute('href'))
  assert.match(csv.headers()['content-type'], /^text\/csv/)
  assert.ok((await csv.text()).trim().split('\n').at(-1).includes(total.replaceAll(',', '')), 'the file ends with the same total')
  await event.click()
  await page.getByRole('heading', { level: 1, name: 'blast' }).waitFor()
  await page.goBack()

  await page.getByRole('link', { name: 'Printable page' }).click()
  await page.getByText('Not issued').first().waitFor()
  await looks('a printable invoice')
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false)
  if (process.env.SCREENSHOTS) await page.pdf({ path: `${process.env.SCREENSHOTS}/invoice.pdf`, format: 'A4' })
  await page.emulateMedia({ media: null })
})

test('receipts are compared with what was billed', async () => {
  await page.goto('/usage/check')
  await page.getByText('Nothing is compared yet').waitFor()
  await page.getByRole('textbox', { name: 'Receipts' }).fill(`sent {"receipt":"${receipts[0]}"}\nsent ${receipts[1]}, again ${receipts[0]}`)
  await page.getByText('2 receipts found in it. 1 repetition left out.').waitFor()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('heading', { name: 'What was told is what was billed, for all 2 receipts' }).waitFor()
  await page.getByText('65 of 65 received events count as usage').waitFor()
  await looks('receipts compared')
  await page.getByRole('link', { name: 'This month' }).first().click()
  await page.waitForURL('**/usage/invoices/draft*')
  await page.getByRole('heading', { level: 1, name: /so far$/ }).waitFor()
  await page.goto('/usage/check')
  await page.getByText('A time', { exact: true }).click()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('heading', { name: 'What was told is what was billed, for all 2 receipts' }).waitFor()
})

test('paying is local where there is no provider; and all of it suits a phone and the light theme', async () => {
  await page.goto('/usage/payment')
  await page.getByText('This installation has no payment provider').waitFor()
  await looks('payment')
  const storageState = await context.storageState()
  const other = await openPage(browser, server.url, { colorScheme: 'light', viewport: { width: 360, height: 740 }, storageState, reducedMotion: 'reduce' })
  for (const where of ['/usage', '/usage/plan', '/usage/invoices', '/usage/invoices/draft', '/usage/invoices/draft/print', '/usage/quota', '/usage/payment', '/usage/check']) {
    await other.page.goto(where)
    await other.page.getByRole('heading', { level: 1 }).waitFor()
    await looks(`${where.slice(1)} on a phone`, other.page)
  }
  assert.deepEqual(other.faults, [])
  assert.deepEqual(faults, [])
  await other.context.close()
})
