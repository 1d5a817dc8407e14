// Asking: trends with their filters, points, tables and files; lists of events; the live view.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer } from '../support/server.mjs'
import { send, signUp, store } from '../support/account.mjs'
import { accessible, chart, choose, downloaded, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser, context, page, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ context, page, faults } = await openPage(browser, server.url, { acceptDownloads: true }))
  keys = await signUp(page, 'Explorers')
  // Four days: 10, 20, 30 and 40 page views, of four visitors, every third from Austria; and 5 orders.
  const events = [1, 2, 3, 4].flatMap((day) =>
    Array.from({ length: day * 10 }, (_, i) => ({
      event: 'page_view', event_id: `v${day}-${i}`, user_id: `u${i % 4}`, timestamp: `2026-02-0${day}T12:00:${String(i).padStart(2, '0')}Z`,
      properties: { path: i % 2 ? '/b' : '/a', country: i % 3 ? 'DE' : 'AT' },
    })),
  )
  const orders = [10, 20, 30, 40, 'unknown'].map((price, i) => ({
    event: 'order', event_id: `o${i}`, user_id: 'u1', timestamp: '2026-02-02T08:00:00Z', properties: { price },
  }))
  await store(server.url, keys.secret, [...events, ...orders])
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const days = 'from=2026-02-01&to=2026-02-04'
const cell = (name) => page.getByRole('region', { name: /^(By value|Total)$/ }).getByRole('cell', { name, exact: true })

test('the question lives in the address, and whoever gets the address sees the same', async () => {
  await page.goto(`/explore?${days}`)
  await choose(page, 'Event', 'page_view')
  await choose(page, 'Breakdown', 'path')
  await cell('/a').waitFor()
  await cell('50%').first().waitFor()
  await settled(page)
  await accessible(page, 'explore')
  const address = page.url()
  assert.match(address, /event=page_view/)
  assert.match(address, /breakdown=properties\.path/)

  const other = await openPage(browser, server.url, { storageState: await context.storageState() })
  await other.page.goto(address)
  await other.page.getByRole('region', { name: 'By value' }).getByRole('cell', { name: '/a', exact: true }).waitFor()
  await other.context.close()
  assert.deepEqual(faults, [])
})

test('measures of a property say what they left out', async () => {
  await page.goto(`/explore?${days}&event=order`)
  await choose(page, 'Measure', 'Average')
  await page.getByText('Which property?').waitFor()
  await choose(page, 'Property', 'price')
  await cell('25').waitFor()
  await page.getByRole('button', { name: /^How is this computed/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('1 event without a number in this property').waitFor()
  await dialog.getByText('SELECT').waitFor()
  await dialog.getByText('Exact').waitFor()
  await settled(page)
  await accessible(page, 'how is this computed')
  await page.keyboard.press('Escape')
  assert.deepEqual(faults, [])
})

test('filters: all, any and none of their conditions, in groups', async () => {
  await page.goto(`/explore?${days}&event=page_view`)
  await cell('100').waitFor()
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  const dialog = page.getByRole('dialog')
  const fill = async (n, property, value) => {
    const row = dialog.getByRole('combobox', { name: 'Property' }).or(dialog.getByRole('textbox', { name: 'Property' })).nth(n)
    await row.click()
    await page.getByRole('option', { name: property, exact: true }).click()
    await dialog.getByRole('combobox', { name: 'Value' }).or(dialog.getByRole('textbox', { name: 'Value' })).nth(n).fill(value)
    await page.keyboard.press('Escape')
  }
  await fill(0, 'country', 'AT')
  await dialog.getByRole('button', { name: 'Group' }).click()
  await dialog.getByText('None of these').last().click()
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await dialog.getByText('Choose a property.').waitFor()
  await fill(1, 'path', '/a')
  await settled(page)
  await accessible(page, 'the filters')
  await dialog.getByRole('button', { name: 'Apply' }).click()
  // Of the 10, 20, 30 and 40 views of a day those with i divisible by 3 and odd: 2 + 3 + 5 + 7.
  await cell('17').waitFor()
  await page.getByRole('button', { name: 'Change the filter country is AT' }).waitFor()

  // The filter goes along to another page, and can be taken away there.
  await page.getByRole('link', { name: 'Overview' }).first().click()
  await page.getByRole('button', { name: /^Events 17 Show/ }).waitFor()
  await page.getByRole('button', { name: 'Remove the filter not (path is /a)' }).click()
  await page.getByRole('button', { name: /^Events 35 Show/ }).waitFor()
  assert.deepEqual(faults, [])
})

test('a click on a point shows its events, a drag zooms', async () => {
  await page.goto(`/explore?${days}&event=page_view&interval=day`)
  let box = await chart(page)
  // The second of four days lies a third of the way between the ends of the axis.
  await page.mouse.click(box.x + box.width * 0.35, box.y + box.height / 2)
  const drawer = page.getByRole('dialog', { name: 'Events, 2 Feb 2026' })
  await drawer.getByRole('row').nth(20).waitFor()
  assert.equal(await drawer.getByRole('row').count(), 21, 'a heading and 20 events')
  await settled(page)
  await accessible(page, 'the events of a point')
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'hidden' })

  box = await chart(page)
  await page.mouse.move(box.x + box.width * 0.36, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 })
  await page.mouse.move(box.x + box.width * 0.66, box.y + box.height / 2, { steps: 4 })
  await page.mouse.up()
  await page.waitForURL(/from=2026-02-02T00%3A00/)
  await page.getByRole('button', { name: /2 – 3 Feb 2026/ }).waitFor()
  await cell('50').waitFor()
  assert.deepEqual(faults, [])
})

test('every chart has its table, CSV and PNG', async () => {
  await page.goto(`/explore?${days}&event=page_view&interval=day`)
  await chart(page)
  const download = async (item) => {
    await page.getByRole('button', { name: /^Download / }).click()
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: item }).click()])
    return { name: file.suggestedFilename(), content: await downloaded(file) }
  }
  const png = await download('Picture (PNG)')
  assert.match(png.name, /^observatory-Events-page_view-.*\.png$/)
  assert.equal(png.content.subarray(1, 4).toString(), 'PNG')
  const csv = await download('Table (CSV)')
  const lines = csv.content.toString().replace('\uFEFF', '').trim().split('\r\n')
  assert.equal(lines.length, 5)
  assert.match(lines[0], /^day \(UTC\),whole,/)
  assert.match(lines[4], /^2026-02-04T00:00:00Z,yes,40,/)

  await page.getByText('Table', { exact: true }).first().click()
  const table = page.getByRole('region', { name: /, table$/ })
  await table.getByRole('row', { name: /Wed 4 Feb 2026/ }).getByRole('cell', { name: '40', exact: true }).waitFor()
  await table.getByRole('button', { name: 'Sun 1 Feb 2026' }).click()
  await page.getByRole('dialog', { name: 'Events, 1 Feb 2026' }).waitFor()
  await page.keyboard.press('Escape')
  assert.deepEqual(faults, [])
})

test('the calendar and the time zone choose the range', async () => {
  await page.goto(`/?${days}`)
  await page.getByRole('button', { name: /^Events 105 Show/ }).waitFor()
  await page.getByRole('button', { name: /1 – 4 Feb 2026/ }).click()
  const picker = page.getByRole('dialog')
  await settled(page)
  await accessible(page, 'the time range')
  await picker.getByRole('button', { name: /^3 February 2026/ }).click()
  await picker.getByRole('button', { name: /^4 February 2026/ }).click()
  await page.getByRole('button', { name: /^Events 70 Show/ }).waitFor()
  assert.match(page.url(), /from=2026-02-03&to=2026-02-04/)

  // 12:00 in London is 02:00 of the next day on Kiritimati.
  await page.goto(`/explore?${days}&event=page_view&interval=day&chart=table&tz=Pacific/Kiritimati`)
  await page.getByRole('row', { name: /Mon 2 Feb 2026/ }).getByRole('cell', { name: '10', exact: true }).waitFor()
  assert.deepEqual(faults, [])
})

test('an impossible question says what is wrong, and which request it was', async () => {
  await page.goto(`/explore?${days}&breakdown=nonsense`)
  const alert = page.getByRole('alert')
  await alert.getByText('is not a property').waitFor()
  await alert.getByText('your events are safe').waitFor()
  await alert.getByRole('button', { name: 'Copy the correlation ID' }).waitFor()
  await settled(page)
  await accessible(page, 'an error')
  assert.deepEqual(faults, [])
})

test('live: events show as they are stored; a pause holds them back', async () => {
  await page.goto('/live')
  await page.getByText('Listening').waitFor()
  await send(server.url, keys.secret, [{ event: 'door_opened', event_id: 'live-1', user_id: 'u-live' }])
  await page.getByRole('button', { name: /door_opened/ }).waitFor()

  await page.getByRole('button', { name: 'Pause' }).click()
  await send(server.url, keys.secret, [{ event: 'window_opened', event_id: 'live-2' }])
  await page.getByRole('button', { name: 'Go on (1 waiting)' }).waitFor()
  assert.equal(await page.getByRole('button', { name: /window_opened/ }).count(), 0)
  await page.getByRole('button', { name: 'Go on (1 waiting)' }).click()
  await page.getByRole('button', { name: /window_opened/ }).waitFor()
  await page.getByText('2 since you opened this page').waitFor()

  await page.getByRole('textbox', { name: 'Only events that contain' }).fill('U-LIVE')
  await page.getByRole('button', { name: /window_opened/ }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /door_opened/ }).click()
  await page.getByRole('link', { name: 'Event and receipt' }).click()
  await page.waitForURL('**/events/live-1')
  await page.getByRole('link', { name: 'What else they did that day' }).click()
  await page.getByRole('link', { name: 'door_opened' }).waitFor()
  assert.deepEqual(faults, [])
})
