// Checks of data quality: those that everybody has, and one's own, from the form to the verdict and its chart.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, chart, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser, page, context, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Inspectors')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const row = (name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
const answer = () => page.getByRole('region', { name: 'What was found last' })

test('everybody has checks, and nothing to compare with at first', async () => {
  await page.goto('/data/quality')
  await page.getByText('Nothing to compare with yet').waitFor()
  for (const name of ['As many events as usual', 'Events keep coming', 'Every event accounted for']) await row(name).waitFor()
  await settled(page)
  await accessible(page, 'checks before any event')
})

test('a property that is missing too often fails, and the reason is told', async () => {
  // In hours that are over: checks that count events look at whole hours. In two of them: the last one is looked at only when it is over for two minutes.
  const hour = 3_600_000
  const now = Math.floor(Date.now() / hour) * hour
  const purchase = (i, at) => ({
    event: 'purchase', event_id: `p-${at + i}`, user_id: 'u1', timestamp: new Date(at + i).toISOString(), properties: i < 30 ? { amount: 5 } : { note: 'none' },
  })
  for (const at of [now - 1.5 * hour, now - 0.5 * hour]) await store(server.url, keys.secret, Array.from({ length: 40 }, (_, i) => purchase(i, at)))
  await page.goto('/data/quality')
  await page.getByRole('button', { name: 'Add a check' }).click()
  await page.getByRole('radio', { name: 'Missing values' }).click()
  await page.getByRole('combobox', { name: 'Event', exact: true }).fill('purchase')
  await page.keyboard.press('Tab') // away from the list of names
  await choose(page, 'Property', 'amount')
  await accessible(page, 'the form of a check')
  await page.getByRole('button', { name: 'Add the check' }).click()
  await row('amount is there in purchase').getByText('Fails').waitFor({ timeout: 60_000 })
  await page.getByText('1 check fails').waitFor()
  await settled(page)
  await accessible(page, 'a check that fails')
  await fits(page, 'checks')
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/quality.png` })

  await row('amount is there in purchase').getByRole('link').click()
  await answer().getByText('properties.amount is missing in 10 of 40 "purchase" events (25%)').waitFor()
  await chart(page)
  await accessible(page, 'a check')
  const alert = await answer().getByRole('link', { name: 'Alert on this' }).getAttribute('href')
  assert.match(alert, /^\/alerts\/new\?measure=quality&check=[0-9a-f-]{36}&name=amount/)
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/quality-check.png`, fullPage: true })
})

test('it suits a phone and the light theme', async () => {
  const storageState = await context.storageState()
  const path = new URL(page.url()).pathname
  for (const [colorScheme, width] of [['light', 1440], ['dark', 360]]) {
    const other = await openPage(browser, server.url, { colorScheme, viewport: { width, height: 800 }, storageState })
    await other.page.goto(path)
    await chart(other.page)
    await accessible(other.page, `a check, ${colorScheme}, ${width}`)
    await fits(other.page, `a check, ${colorScheme}, ${width}`)
    assert.deepEqual(other.faults, [])
    await other.context.close()
  }
})

test('a check is switched off and removed', async () => {
  await page.getByRole('button', { name: 'Switch off' }).click()
  await answer().getByText('Switched off').waitFor()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByLabel('to confirm').fill('amount is there in purchase')
  await page.getByRole('button', { name: 'Remove the check' }).click()
  await page.waitForURL('**/data/quality')
  await row('Every event accounted for').getByText('Passes').waitFor({ timeout: 60_000 })
  assert.equal(await row('amount is there in purchase').count(), 0)
  assert.deepEqual(faults, [])
})
