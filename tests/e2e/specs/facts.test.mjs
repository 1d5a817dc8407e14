// What is found out about events: browser, bot, campaign, session; shown with an event, and asked by.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { signUp } from '../support/account.mjs'
import { accessible, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0'
const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
const googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'

let server, browser, page, faults
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, faults } = await openPage(browser, server.url))
  const keys = await signUp(page, 'Finders')
  // One visitor with Firefox, two with Chrome, and three looks of a crawler. A page cannot wait until its events are stored.
  const visits = [['a', firefox], ['b', chrome], ['c', chrome], ['bot', googlebot], ['bot', googlebot], ['bot', googlebot]]
  for (const [i, [visitor, agent]] of visits.entries()) {
    const response = await fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${keys.publishable}`, 'Content-Type': 'application/json', 'User-Agent': agent },
      body: JSON.stringify({
        events: [{
          event: 'page_view', event_id: `view-${i}`, anonymous_id: visitor, properties: { path: '/' },
          context: {
            library: { name: 'analytics.js', version: '4.1.0' }, service: { name: 'shop', stage: 'production' },
            page: { url: 'https://shop.example/?utm_source=news&utm_medium=email', referrer: '' },
          },
        }],
      }),
    })
    assert.equal(response.status, 202, await response.text())
  }
  const stored = (id) => fetch(`${server.url}/v1/events/${id}`, { headers: { Authorization: `Bearer ${keys.secret}` } })
  for (const i of visits.keys()) await eventually(async () => (await stored(`view-${i}`)).ok || undefined, `view-${i} to be stored`)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const within = (panel) => page.locator('section').filter({ has: page.getByRole('heading', { name: panel, exact: true }) })

test('an event shows what was found out about it', async () => {
  await page.goto('/events/view-0')
  await within('What was found out').getByText('Firefox 133').waitFor()
  for (const text of ['Linux', 'desktop', 'news', 'email', 'shop', 'production']) {
    await within('What was found out').getByText(text, { exact: true }).first().waitFor()
  }
  await within('Who').getByText(/^ses_/).first().waitFor()
  await within('On its way').getByText('analytics.js 4.1.0').waitFor()
  await within('By your rules').getByText('The default').waitFor()
  await settled(page)
  await accessible(page, 'an event')
  await fits(page, 'an event')
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/event.png`, fullPage: true })

  await page.goto('/events/view-3')
  await within('What was found out').getByText('crawler: Googlebot').waitFor()
  assert.deepEqual(faults, [])
})

test('a trend is broken down by a fact', async () => {
  await page.goto('/explore?event=page_view')
  await choose(page, 'Breakdown', 'browser')
  const values = page.getByRole('region', { name: 'By value' })
  await values.getByRole('cell', { name: 'Chrome', exact: true }).waitFor()
  await values.getByRole('cell', { name: 'Firefox', exact: true }).waitFor()
  assert.match(page.url(), /breakdown=facts\.browser/)
  if (process.env.SCREENSHOTS) {
    await settled(page)
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/breakdown.png`, fullPage: true })
  }
})

test('bots are counted until they are left out', async () => {
  await page.goto('/explore?event=page_view')
  const total = page.getByRole('region', { name: 'Total' })
  await total.getByRole('cell', { name: '6', exact: true }).first().waitFor()
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await page.getByRole('button', { name: 'Without bots' }).click()
  if (process.env.SCREENSHOTS) {
    await settled(page)
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/filter.png` })
  }
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByRole('button', { name: 'Change the filter without bots' }).waitFor()
  await total.getByRole('cell', { name: '3', exact: true }).first().waitFor()
  await page.getByRole('button', { name: /^How is this computed/ }).click()
  await page.getByText('Left out by the filter').waitFor()
  assert.deepEqual(faults, [])
})
