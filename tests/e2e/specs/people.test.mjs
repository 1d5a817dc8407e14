// People: IDs that belong together are one person, who is known as of any day and found from every event.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

const day = 24 * 3600 * 1000
const at = (daysAgo, minute = 0) => new Date(Math.floor(Date.now() / day) * day - daysAgo * day + 10 * 3600 * 1000 + minute * 60_000).toISOString()

let server, browser, page, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Neighbours')
  const ada = { user_id: 'ada', anonymous_id: 'adas-laptop' }
  const events = [
    { event: 'page_view', anonymous_id: 'adas-laptop', timestamp: at(9), properties: { path: '/' } },
    { event: 'page_view', anonymous_id: 'adas-laptop', timestamp: at(9, 2), properties: { path: '/pricing' } },
    { type: 'identify', ...ada, timestamp: at(8), properties: { name: 'Ada L.', plan: 'free', city: 'London' } },
    { event: 'trial_started', ...ada, timestamp: at(8, 1), properties: { plan: 'free' } },
    { type: 'group', user_id: 'ada', timestamp: at(6), properties: { group_id: 'engines', name: 'Analytical Engines', seats: 12 } },
    { type: 'identify', user_id: 'ada', timestamp: at(3), properties: { name: 'Ada Lovelace', plan: 'team', city: null } },
    { event: 'page_view', anonymous_id: 'adas-laptop', timestamp: at(2), properties: { path: '/docs' } },
    { event: 'order', user_id: 'ada', timestamp: at(2, 5), properties: { total: 42 } },
    { event: 'page_view', user_id: 'bob', anonymous_id: 'adas-laptop', timestamp: at(1), properties: { path: '/' } },
    ...Array.from({ length: 6 }, (_, i) => ({ event: 'page_view', anonymous_id: `visitor-${i}`, timestamp: at(4, i), properties: { path: '/' } })),
  ]
  await store(server.url, keys.secret, events.map((e, i) => ({ ...e, event_id: `people-${i}` })))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const panel = (title) => page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
const ask = async (path) => (await fetch(server.url + path, { headers: { Authorization: `Bearer ${keys.secret}` } })).json()
const shoot = (name) => process.env.SCREENSHOTS && page.screenshot({ path: `${process.env.SCREENSHOTS}/people-${name}.png`, fullPage: true })

test('an event leads to the person, with what they did before they were known', async () => {
  await eventually(async () => (await ask('/v1/people/adas-laptop')).person === 'ada' || undefined, 'the laptop to be Ada’s')
  await page.goto('/events/people-6')
  await page.getByRole('link', { name: 'The person' }).click()
  await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor()
  await panel('IDs').getByText('adas-laptop').first().waitFor()
  await panel('Groups').getByText('Analytical Engines').waitFor()
  await panel('Traits').getByRole('row', { name: /plan team/ }).waitFor()
  const timeline = panel('Timeline').getByRole('row')
  await panel('Timeline').getByRole('link', { name: 'trial_started' }).waitFor()
  assert.equal(await timeline.count(), 1 + 8, 'Bob on Ada’s laptop is not Ada')
  await settled(page)
  await accessible(page, 'a person')
  await fits(page, 'a person')
  await shoot('person')
})

test('a person is shown as they were', async () => {
  await page.goto(`/people/ada?as_of=${at(7).slice(0, 10)}`)
  await page.getByRole('heading', { level: 1, name: 'Ada L.', exact: true }).waitFor()
  await panel('Traits').getByRole('row', { name: /plan free/ }).waitFor()
  await panel('Groups').getByText('None').waitFor()
  await panel('Timeline').getByRole('link', { name: 'trial_started' }).waitFor()
  assert.equal(await panel('Timeline').getByRole('row').count(), 1 + 4)
  await settled(page)
  await shoot('as-of')

  await page.goto(`/people/adas-laptop?as_of=${at(9).slice(0, 10)}`)
  await page.getByText('Anonymous').first().waitFor()
  await page.goto(`/people/ada?as_of=${at(9).slice(0, 10)}`)
  await page.getByRole('heading', { name: 'Not seen by then' }).waitFor()
  await page.getByRole('link', { name: 'As of now' }).click()
  await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor()
})

test('people are listed, found by any ID, and counted once', async () => {
  await page.goto('/people')
  const people = page.getByRole('region', { name: 'People' })
  await people.getByRole('link', { name: 'Ada Lovelace' }).waitFor()
  assert.equal(await people.getByRole('row').count(), 1 + 8)
  await settled(page)
  await accessible(page, 'people')
  await shoot('list')
  await page.getByLabel('User ID or anonymous ID').fill('adas-laptop')
  await page.keyboard.press('Enter')
  await people.getByRole('row', { name: /Ada Lovelace/ }).waitFor()
  await eventually(async () => (await people.getByRole('row').count()) === 2 || undefined, 'one person to be found')
  await page.getByLabel('User ID or anonymous ID').fill('nobody')
  await page.keyboard.press('Enter')
  await page.getByText('Nobody has this ID').waitFor()
  await shoot('none')

  const trend = await fetch(`${server.url}/v1/query/trends`, {
    method: 'POST', headers: { Authorization: `Bearer ${keys.secret}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ measure: 'unique_users', interval: 'day', from: at(10), to: at(0), timezone: 'UTC' }),
  })
  assert.equal((await trend.json()).series[0].total, 8, 'Ada and her laptop are one')
})

test('the pages work on a phone and in the light', async () => {
  const narrow = await openPage(browser, server.url, { viewport: { width: 360, height: 740 }, colorScheme: 'light', storageState: await page.context().storageState() })
  for (const [path, name] of [['/people', 'list-narrow'], ['/people/ada', 'person-narrow']]) {
    await narrow.page.goto(path)
    await narrow.page.getByText('Ada Lovelace').first().waitFor()
    await settled(narrow.page)
    await fits(narrow.page, path)
    await accessible(narrow.page, `${path}, narrow`)
    if (process.env.SCREENSHOTS) await narrow.page.screenshot({ path: `${process.env.SCREENSHOTS}/people-${name}.png`, fullPage: true })
  }
  if (process.env.SCREENSHOTS) {
    await narrow.page.setViewportSize({ width: 1440, height: 900 })
    await settled(narrow.page)
    await narrow.page.screenshot({ path: `${process.env.SCREENSHOTS}/people-person-light.png`, fullPage: true })
  }
  assert.deepEqual([...faults, ...narrow.faults], [])
  await narrow.context.close()
})
