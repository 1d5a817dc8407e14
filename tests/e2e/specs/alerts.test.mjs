// Alerts: a rule from its preview to an incident that is seen, told, acknowledged and resolved; and what surrounds it.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, chart, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser, page, context, faults, keys, receiver
const told = []
before(async () => {
  receiver = createServer(async (request, response) => {
    const parts = []
    for await (const part of request) parts.push(part)
    told.push({ headers: request.headers, body: JSON.parse(Buffer.concat(parts).toString()) })
    response.end('thank you')
  })
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  server = await startServer()
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Night Watch')
})
after(async () => {
  await browser?.close()
  await server?.stop()
  receiver?.close()
})

const dialog = () => page.getByRole('dialog')

/** Looks whether a page is accessible and fits as it is now. */
async function looks(where) {
  await settled(page)
  await accessible(page, where)
  await fits(page, where)
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/alerts-${where.replaceAll(' ', '-')}.png`, fullPage: true })
}

test('a channel is made and tested, and a policy tells it', async () => {
  await page.goto('/alerts/channels')
  await page.getByText('No channel yet').waitFor()
  await page.getByRole('button', { name: 'New channel' }).first().click()
  await dialog().getByText('Webhook', { exact: true }).click()
  await dialog().getByLabel('Name').fill('Pager')
  await dialog().getByLabel('URL').fill(`http://127.0.0.1:${receiver.address().port}/hook`)
  await looks('the form of a channel')
  await dialog().getByRole('button', { name: 'Create the channel' }).click()
  await page.getByText('It is shown only now.').waitFor()
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Test: sent, HTTP 200').waitFor()
  assert.equal(told.at(-1).body.type, 'test')
  assert.match(told.at(-1).headers['webhook-signature'], /^v1,/)
  await dialog().waitFor({ state: 'hidden' }) // it fades out
  await looks('channels')

  await page.goto('/alerts/escalation')
  await page.getByRole('button', { name: 'New policy' }).first().click()
  await dialog().getByLabel('Name').fill('Shop')
  await choose(page, 'Who is told', 'Pager')
  await page.keyboard.press('Tab') // away from the list
  await looks('the form of a policy')
  await dialog().getByRole('button', { name: 'Create the policy' }).click()
  await page.getByText('At once').waitFor()
  await dialog().waitFor({ state: 'hidden' }) // it fades out
  await looks('escalation')
})

test('a rule is tried on the past before it is made', async () => {
  const now = Date.now()
  // A day on which much was sold, and the minutes before now, so that the next tick of the rule finds something.
  await store(server.url, keys.secret, Array.from({ length: 60 }, (_, i) => ({
    event: 'sale', event_id: `s-${i}`, user_id: `u${i}`, timestamp: new Date(i < 40 ? now - 5 * 86_400_000 + i * 1000 : now - i * 1000).toISOString(),
  })))
  await page.goto('/alerts')
  await page.getByRole('link', { name: 'Make the first rule' }).click()
  await page.getByText('Say which value is the bound.').waitFor()
  await choose(page, 'Event', 'sale')
  await choose(page, 'Over the last', '15 minutes')
  await choose(page, 'Looked at every', 'minute')
  await choose(page, 'Late events are waited for', 'Not at all')
  await choose(page, 'Direction', 'Above')
  await page.getByLabel('Bound').fill('10')
  await page.getByRole('heading', { name: 'It would have fired' }).waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Many sales')
  await page.getByText('Critical', { exact: true }).click()
  await choose(page, 'Who is told', 'Shop')
  await chart(page)
  await page.getByRole('switch', { name: 'List them' }).click()
  await page.getByRole('region', { name: 'When it would have fired' }).getByRole('cell', { name: '40', exact: true }).waitFor()
  await looks('a new rule')
  await page.getByRole('button', { name: 'Create the rule' }).click()
  await page.waitForURL(/\/alerts\/rules\/[0-9a-f-]{36}/)
  await page.getByText('Events (count) of sale, over 15 minutes: above 10').waitFor()
})

test('until its first tick, there is time to look around', async () => {
  const rule = page.url()
  await looks('a rule')
  await page.goto('/alerts/silences')
  await page.getByRole('button', { name: 'New silence' }).first().click()
  await dialog().getByLabel('Why').fill('Move to the new database')
  await dialog().getByRole('combobox', { name: 'Severities' }).focus()
  await page.keyboard.press('ArrowDown')
  await page.getByRole('option', { name: 'Info' }).click()
  await page.keyboard.press('Tab') // away from the list
  await looks('the form of a silence')
  await dialog().getByRole('button', { name: 'Keep quiet' }).click()
  await page.getByRole('row', { name: /Move to the new database.*severity Info.*In force/ }).waitFor()
  await dialog().waitFor({ state: 'hidden' }) // it fades out
  await looks('silences')
  for (const where of ['/alerts/incidents/00000000-0000-0000-0000-000000000000', rule.replace(/.{4}$/, '0000')]) {
    await page.goto(where)
    await page.getByText(/^No such/).waitFor()
  }
})

test('it fires: an incident opens, marks the chart, and the pager is called', async () => {
  await page.goto('/alerts')
  await page.getByText('1 incident open').waitFor({ timeout: 90_000 })
  await looks('incidents')
  const message = await eventually(() => told.find((t) => t.body.type === 'incident.firing'), 'a message to the pager')
  assert.match(JSON.stringify(message.body), /Many sales fired: 20 is above 10\./)

  await page.goto('/explore?event=sale')
  await chart(page)
  await page.getByRole('list', { name: 'Incidents in this time' }).getByRole('link', { name: 'Many sales' }).click()
  await page.getByRole('heading', { name: 'Many sales' }).waitFor()
  await page.getByText('Many sales fired: 20 is above 10.').waitFor()
  await page.getByRole('table').filter({ hasText: 'Attempts' }).getByText('HTTP 200').waitFor()
  await looks('an incident')
})

test('somebody looks after it, and resolves it', async () => {
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('night-watch@example.com looks after it.').waitFor()
  await page.getByRole('button', { name: 'Resolve' }).click()
  await page.getByText('Resolved by night-watch@example.com.').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Resolve' }).count(), 0)
  await eventually(() => told.find((t) => t.body.type === 'incident.resolved'), 'a message that it is over')
  await page.goto('/alerts/messages')
  await page.getByRole('row', { name: /Many sales It is over/ }).getByText('Sent').waitFor()
  await looks('messages')
  await page.goto('/alerts')
  await page.getByText('No open incident.').waitFor()
  assert.deepEqual(faults, [])
})

test('it suits a phone and the light theme', async () => {
  const storageState = await context.storageState()
  const other = await openPage(browser, server.url, { colorScheme: 'light', viewport: { width: 360, height: 740 }, storageState })
  for (const where of ['/alerts', '/alerts/new', '/alerts/escalation', '/alerts/messages']) {
    await other.page.goto(where)
    await other.page.getByRole('heading', { level: 1 }).waitFor()
    await settled(other.page)
    await accessible(other.page, `${where}, light, 360`)
    await fits(other.page, `${where}, light, 360`)
  }
  assert.deepEqual(other.faults, [])
  await other.context.close()
})
