// A person's way through the dashboard, in a real browser against a real server with real engines.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startServer } from '../../segment/support/server.mjs'
import { accessible, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

const run = promisify(execFile)
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const realLog = path.join(root, '../shared/data/access-2015-05.log')
const password = 'correct horse battery staple'

let server, browser, home
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  home = await mkdtemp(path.join(tmpdir(), 'observatory-e2e-'))
})
after(async () => {
  await browser?.close()
  await server?.stop()
  if (home) await rm(home, { recursive: true, force: true })
})

/** Signs up through the page and returns the keys that it shows. */
async function signUp(page, name) {
  await page.goto('/signup')
  await page.getByLabel('Organization').fill(name)
  await page.getByLabel('E-mail').fill(`${name.toLowerCase().replaceAll(' ', '-')}@example.com`)
  await page.locator('input[type=password]').first().fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.waitForURL('**/welcome')
  const read = async (key) => (await page.getByTestId(key).textContent()).trim()
  return { publishable: await read('Publishable key'), secret: await read('Secret key') }
}

async function send(key, events) {
  const response = await fetch(`${server.url}/v1/events`, {
    method: 'POST', headers: { Authorization: `Bearer ${key}` }, body: JSON.stringify({ events }),
  })
  assert.equal(response.status, 202, await response.clone().text())
  return response.json()
}

const importLog = (file, key) =>
  run(process.env.OBSERVATORY_BIN ?? path.join(root, 'bin/observatory'), ['import', '--format', 'combined', file, '--key', key, '--url', server.url], {
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home },
  })

test('from sign-up to the first event on the dashboard within two seconds', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  const { secret, publishable } = await signUp(page, 'First Light')
  assert.match(secret, /^eyJ/)
  assert.ok((await page.locator('pre').first().textContent()).includes(publishable.slice(0, 40)) || (await page.locator('pre').first().textContent()).includes(secret.slice(0, 40)), 'the snippet carries a key')
  await page.getByText('Waiting for your first event').waitFor()
  await accessible(page, '/welcome')

  const sent = Date.now()
  await send(secret, [{ event: 'page_view', event_id: 'first', anonymous_id: 'a-17', properties: { path: '/pricing', referrer: 'https://www.example.org/' } }])
  await page.getByText('Your event is here').waitFor({ timeout: 5_000 })
  const took = Date.now() - sent
  assert.ok(took < 2_000, `it took ${took} ms`)

  await page.getByRole('link', { name: 'See it on the overview' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByText('/pricing').first().waitFor()
  await settled(page)
  await accessible(page, 'the overview')

  await page.goto('/events/first')
  await page.getByText('rcp_').first().waitFor()
  await page.getByText('a-17').first().waitFor()
  await accessible(page, 'an event')
  assert.deepEqual(faults, [])
  await context.close()
})

test('the real log: 9,999 events from 1,753 visitors, also after a second import', async (t) => {
  if (!existsSync(realLog)) return t.skip('the real log is not here')
  const { context, page, faults } = await openPage(browser, server.url)
  const { secret } = await signUp(page, 'Semicomplete')
  for (const outcome of ['9,999 stored', '9,999 duplicates']) {
    const { stdout, stderr } = await importLog(realLog, secret)
    assert.ok((stdout + stderr).includes(outcome), stdout + stderr)
    await page.goto('/')
    await page.getByText('9,999', { exact: true }).first().waitFor()
    await page.getByText('1,753', { exact: true }).first().waitFor()
    await page.getByText('17 – 20 May 2015').first().waitFor()
  }
  assert.deepEqual(faults, [])
  await context.close()
})

test('explore: the question lives in the address, and every chart has its table', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  const { secret } = await signUp(page, 'Explorers')
  const paths = ['/a', '/a', '/a', '/b', '/b', '/c']
  await send(secret, paths.map((p, i) => ({ event: 'page_view', event_id: `x${i}`, user_id: `u${i % 2}`, properties: { path: p } })))
  await page.getByText('Your event is here').waitFor()
  await page.goto('/explore')
  await settled(page)
  await page.getByRole('textbox', { name: 'Breakdown' }).or(page.getByLabel('Breakdown').first()).first().click()
  await page.getByRole('option', { name: /path/ }).first().click()
  await page.waitForURL(/path/)
  const table = page.getByRole('region', { name: 'By value' }).or(page.locator('table')).first()
  await table.getByText('/a', { exact: true }).waitFor()
  const address = page.url()
  const { context: other, page: shared } = await openPage(browser, server.url, { storageState: await context.storageState() })
  await shared.goto(address)
  await shared.locator('table').first().getByText('/a', { exact: true }).waitFor()
  await accessible(page, 'explore')
  await other.close()
  assert.deepEqual(faults, [])
  await context.close()
})

test('live: events show as they are stored', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  const { secret } = await signUp(page, 'Live Wire')
  await page.goto('/live')
  await page.getByText('Listening').waitFor()
  await send(secret, [{ event: 'door_opened', event_id: 'live-1', user_id: 'u-live' }])
  await page.getByText('door_opened').first().waitFor({ timeout: 5_000 })
  await page.getByText('u-live').first().click()
  await page.getByRole('link', { name: 'Event and receipt' }).click()
  await page.waitForURL('**/events/live-1')
  assert.deepEqual(faults, [])
  await context.close()
})

test('keys, members and the audit log', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  const { publishable } = await signUp(page, 'Key Holders')

  await page.goto('/settings/sources')
  await page.getByRole('button', { name: /More for the key My site/ }).click()
  await page.getByRole('menuitem', { name: 'Revoke' }).click()
  const dialog = page.getByRole('dialog')
  const confirm = dialog.getByRole('button', { name: 'Revoke' })
  assert.ok(await confirm.isDisabled(), 'the name must be typed first')
  await dialog.getByRole('textbox').fill('My site')
  await confirm.click()
  await dialog.waitFor({ state: 'hidden' })
  const refused = await fetch(`${server.url}/v1/events`, { method: 'POST', headers: { Authorization: `Bearer ${publishable}` }, body: '{"event":"late"}' })
  assert.equal(refused.status, 401)
  assert.equal((await refused.json()).code, 'key_revoked')

  await page.goto('/settings/members')
  await page.getByLabel('E-mail').fill('grace@example.com')
  await page.getByRole('button', { name: /Invite/ }).click()
  await page.getByText('grace@example.com').first().waitFor()

  await page.goto('/settings/audit')
  await page.getByText(/revoked/i).first().waitFor()
  await page.getByRole('button', { name: /erif|Check/ }).click()
  await page.getByText(/unchanged|hold|intact|matches|ok/i).first().waitFor()
  await accessible(page, 'the audit log')
  assert.deepEqual(faults, [])
  await context.close()
})

test('log out, log in by keyboard alone, and find a page with Ctrl-K', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  await signUp(page, 'Keyboard')
  await context.clearCookies()
  await page.goto('/')
  await page.waitForURL('**/login**')
  await page.getByLabel('E-mail').waitFor()
  await page.getByLabel('E-mail').focus()
  await page.keyboard.type('keyboard@example.com')
  await page.keyboard.press('Tab')
  await page.keyboard.type('wrong password here')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').first().waitFor()
  await page.locator('input[type=password]').first().fill('')
  await page.locator('input[type=password]').first().focus()
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.keyboard.press('Control+k')
  const search = page.getByRole('dialog').getByRole('textbox').or(page.getByPlaceholder('Go to, find an event, or paste an ID')).first()
  await search.waitFor()
  await search.pressSequentially('audit')
  await page.getByText('Audit log').last().click()
  await page.waitForURL('**/settings/audit')
  await context.close()
  assert.deepEqual(faults, [])
})

const pages = [
  '/', '/welcome', '/explore', '/explore/events', '/live', '/data/catalog', '/data/delivery', '/data/quarantine', '/data/receipts',
  '/settings/organization', '/settings/sources', '/settings/members', '/settings/audit', '/settings/account', '/nowhere',
]

for (const [colorScheme, viewport] of [['dark', { width: 1440, height: 900 }], ['light', { width: 1440, height: 900 }], ['dark', { width: 360, height: 740 }]]) {
  test(`every page is accessible and fits: ${colorScheme}, ${viewport.width} px`, async () => {
    const { context, page, faults } = await openPage(browser, server.url, { colorScheme, viewport })
    for (const where of ['/signup', '/login', '/forgot']) {
      await page.goto(where)
      await page.getByRole('heading').first().waitFor()
      await accessible(page, where)
      await fits(page, where)
    }
    const { secret } = await signUp(page, `Everywhere ${colorScheme} ${viewport.width}`)
    await send(secret, [{ event: 'page_view', properties: { path: '/a/rather/long/path/that/goes/on/and/on/and/on.html' } }, { event: '' }])
    await page.getByText('Your event is here').waitFor()
    for (const where of pages) {
      await page.goto(where)
      await page.getByRole('heading').first().waitFor()
      await settled(page)
      assert.notEqual(await page.title(), '', where)
      await accessible(page, where)
      await fits(page, where)
    }
    assert.deepEqual(faults, [])
    await context.close()
  })
}
