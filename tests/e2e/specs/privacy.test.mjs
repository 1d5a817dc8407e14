// Privacy: people ask to be forgotten, and it is proven; by the public form they ask themselves; and how long what is kept.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eventually, startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

const binary = process.env.OBSERVATORY_BIN ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../bin/observatory')
const slow = { timeout: 90_000 } // what needs several steps of the server in the background

let server, browser, page, context, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Lighthouse')
  const seen = (user, i) => ({
    event: 'page_view', event_id: `${user}-${i}`, user_id: user, anonymous_id: `phone-of-${user}`, timestamp: new Date(Date.now() - i * 60_000).toISOString(),
    properties: { path: '/lamp', email: `${user}@example.com` },
  })
  await store(server.url, keys.secret, ['ada', 'grace', 'joan'].flatMap((user) => [0, 1, 2, 3].map((i) => seen(user, i))))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const dialog = () => page.getByRole('dialog')
const standing = (text) => page.getByRole('region', { name: 'How far it is' }).getByText(text, { exact: true })

/** Looks whether a page is accessible and fits as it is now. */
async function looks(where, at = page) {
  await settled(at)
  await accessible(at, where)
  await fits(at, where)
  if (process.env.SCREENSHOTS) await at.screenshot({ path: `${process.env.SCREENSHOTS}/privacy-${where.replaceAll(/[^\w]+/g, '-')}.png`, fullPage: true })
}

test('somebody is looked for, found by every ID, and forgotten', async () => {
  await page.goto('/privacy')
  await page.getByText('Nobody has asked yet').waitFor()
  await looks('no request')
  await page.getByRole('link', { name: 'File the first request' }).click()
  await page.getByLabel('People').fill('user_id,email\nada,nonsense')
  await page.getByText('This is no e-mail address.').waitFor()
  await page.getByLabel('People').fill('ada\n\nada\nnobody-at-all')
  await page.getByText('2 names. 1 repetition left out.').waitFor()
  await page.getByRole('button', { name: 'Look who that is' }).click()
  await page.getByText('1 of 2 are known here, with 4 events').waitFor()
  await page.getByRole('row', { name: /^ada.*phone-of-ada/ }).waitFor()
  await looks('who was found')

  await page.getByRole('button', { name: 'Erase 2 people' }).click()
  const erase = dialog().getByRole('button', { name: 'Erase', exact: true })
  assert.ok(await erase.isDisabled())
  await dialog().getByLabel('to confirm').fill('erase 2 people')
  await looks('asking before it goes')
  await erase.click()
  await page.waitForURL(/\/privacy\/requests\/[0-9a-f-]{36}/)
  await page.getByRole('heading', { name: 'Erasure of 2 people' }).waitFor()
})

test('it is gone from every place, and a certificate proves it', async () => {
  await standing('Gone from every place').waitFor(slow)
  const places = page.getByRole('region', { name: 'Place by place' })
  await places.getByRole('row', { name: /^Events .*Done 4 events 0/ }).waitFor()
  await page.getByRole('heading', { name: 'The barrier' }).waitFor()
  await looks('an erasure that is over')

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()])
  const keysOf = `${server.url}/.well-known/observatory-certificates.json`
  const certificate = path.join(server.dataDir, 'certificate.jws')
  await download.saveAs(certificate)
  const { stdout } = await promisify(execFile)(binary, ['verify-certificate', certificate, '--keys', keysOf])
  assert.match(stdout, /Lighthouse/)
  await page.getByRole('link', { name: 'Printable page' }).click()
  await page.getByRole('heading', { name: 'Erasure of 2 people' }).waitFor()
  await looks('the certificate')
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false)
  await page.emulateMedia({ media: null })

  await page.goto('/people/grace')
  await page.getByText('phone-of-grace').first().waitFor()
  await page.goto('/people/ada')
  await page.getByText('Nobody has this ID').waitFor()
})

test('who was erased stays out, and can be looked up by who knows the ID', async () => {
  await page.goto('/privacy/suppressions')
  await page.getByRole('textbox', { name: 'User ID' }).fill('ada')
  await page.getByRole('button', { name: 'Look up' }).click()
  await page.getByText('was erased, and stays out for ever').waitFor()
  await page.getByRole('region', { name: 'The list' }).getByText('Suppressed').first().waitFor()
  await looks('suppressions')
  await page.getByRole('textbox', { name: 'User ID' }).fill('grace')
  await page.getByRole('button', { name: 'Look up' }).click()
  await page.getByText('Not on the list').waitFor()
})

test('people ask by themselves, on a phone, and prove their address', async () => {
  await page.goto('/privacy/form')
  await page.getByText('The form is closed').waitFor()
  await page.getByRole('switch', { name: 'Open' }).check()
  await page.getByLabel('Introduction').fill('Write to us at\nlamp@example.com as well.')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The form is open').waitFor()
  await looks('the form and its settings')
  const address = new URL(await page.getByRole('link', { name: 'See it' }).getAttribute('href')).pathname

  const visitor = await openPage(browser, server.url, { colorScheme: 'light', viewport: { width: 360, height: 740 } })
  await visitor.page.goto(address)
  await visitor.page.getByRole('heading', { name: 'Your data at Lighthouse' }).waitFor()
  await visitor.page.getByRole('radio', { name: /^Give me a copy/ }).check()
  await visitor.page.getByLabel('Your e-mail address').fill('grace@example.com')
  await looks('the public form', visitor.page)
  await visitor.page.getByRole('button', { name: 'Send me the mail' }).click()
  await visitor.page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
  await visitor.page.goto('about:blank') // the link opens the page anew
  await visitor.page.goto(await confirmation())
  await visitor.page.getByRole('button', { name: 'Yes, this is my request' }).click()
  await visitor.page.getByRole('heading', { name: 'Your request is there' }).waitFor()
  await visitor.page.goto('/privacy/form/0123456789012345678901')
  await visitor.page.getByRole('heading', { name: 'This form is not open' }).waitFor()
  assert.deepEqual(visitor.faults, [])
  await visitor.context.close()
})

/** The path of the link that the mail carries, with what stands behind its #. */
function confirmation() {
  const folder = path.join(server.dataDir, 'mail')
  return eventually(async () => {
    for (const name of await readdir(folder).catch(() => [])) {
      const mail = (await readFile(path.join(folder, name), 'utf8')).replaceAll('=\r\n', '').replaceAll('=\n', '').replaceAll('=3D', '=')
      const link = mail.includes('<grace@example.com>') && /https?:\/\/[^/\s]+(\/privacy\/form\/[\w-]+#confirm=[\w-]+)/.exec(mail)
      if (link) return link[1]
    }
    return undefined
  }, 'a mail that asks to confirm')
}

test('deadlines: a calendar by keyboard, and more time with a reason', async () => {
  await page.goto('/privacy/deadlines')
  const due = page.getByRole('grid').getByRole('button', { name: /, 1 deadline$/ })
  const next = page.getByRole('button', { name: 'Month after' })
  await due.or(page.getByText('No deadline in this month.')).first().waitFor()
  if ((await due.count()) === 0) await next.click() // it is due in a month
  await due.click()
  await page.getByRole('link', { name: 'Export of 1 person' }).waitFor()
  await looks('deadlines')
  const day = () => page.evaluate(() => document.activeElement?.textContent ?? '')
  const before = await day()
  await page.keyboard.press('ArrowLeft')
  await page.waitForFunction((was) => document.activeElement?.closest('[role=grid]') !== null && document.activeElement?.textContent !== was, before)
  await page.keyboard.press('ArrowRight')
  await page.waitForFunction((was) => document.activeElement?.textContent === was, before)

  await page.getByRole('link', { name: 'Export of 1 person' }).click()
  await standing('Waiting for your approval').waitFor(slow)
  await page.getByRole('button', { name: 'Move the deadline' }).click()
  await dialog().getByLabel('Reason').fill('Many archives to search')
  await dialog().getByRole('button', { name: 'Move the deadline' }).click()
  await page.getByText('Many archives to search').first().waitFor()
  await dialog().waitFor({ state: 'hidden' })
})

test('it is approved, and the person gets a file by a link that works once', async () => {
  await page.getByRole('row', { name: /grace@example.com.*not known/ }).waitFor() // the built-in redaction masks addresses
  await page.getByRole('button', { name: 'Name more IDs' }).click()
  await dialog().getByLabel('People').fill('grace')
  await looks('naming more IDs')
  await dialog().getByRole('button', { name: 'Look them up' }).click()
  await page.getByRole('row', { name: /^grace User ID .*phone-of-grace/ }).waitFor(slow)
  await page.getByRole('heading', { name: 'Export of 2 people' }).waitFor()
  await looks('a request that waits')
  await page.getByRole('button', { name: 'Approve' }).click()
  await dialog().getByRole('button', { name: 'Approve' }).click()
  await standing('The file is ready').waitFor(slow)
  await page.getByRole('button', { name: 'Link to pass on' }).click()
  const link = (await page.getByRole('region', { name: 'the link' }).textContent()).trim()
  await looks('an export that is over')
  const get = () => fetch(server.url + new URL(link).pathname)
  const file = await get()
  assert.equal(file.headers.get('content-type'), 'application/zip')
  assert.equal(Buffer.from(await file.arrayBuffer()).subarray(0, 2).toString(), 'PK')
  assert.equal((await get()).ok, false, 'the second time')
  await page.getByText('Downloaded 1 time').waitFor()
})

test('what is asked for can be called off', async () => {
  await page.goto('/privacy/new?type=restrict&user_id=joan')
  await page.getByRole('button', { name: 'Look who that is' }).click()
  await page.getByText('This person is known here, with 4 events').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).or(page.getByRole('link', { name: 'Cancel' })).click()
  await page.getByRole('heading', { level: 1, name: 'Privacy' }).waitFor()
  await page.getByText('Completed', { exact: true }).nth(1).waitFor()
  await page.getByText('Failed', { exact: true }).click()
  await page.getByText('None of this kind').waitFor()
  await page.goto('/privacy')
  await page.getByRole('link', { name: 'Erasure of 2 people' }).waitFor()
  await looks('requests')
  await page.goto('/privacy/requests/00000000-0000-0000-0000-000000000000')
  await page.getByText('No such request').waitFor()
})

test('how long what is kept: counted before it is published', async () => {
  await page.goto('/privacy/retention')
  await page.getByText('Events are kept until somebody has them erased').waitFor()
  await page.getByRole('switch', { name: 'Remove them after a while' }).check()
  await page.getByRole('combobox', { name: 'Property', exact: true }).fill('properties.path')
  await page.keyboard.press('Tab') // away from the list of names
  await page.getByRole('button', { name: 'Add the property' }).click()
  await page.getByRole('button', { name: 'Count', exact: true }).click()
  await page.getByText('Nothing would go').waitFor()
  await looks('retention')
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Events are kept for 400 days').waitFor()
})

test('it suits a phone and the light theme', async () => {
  const storageState = await context.storageState()
  const other = await openPage(browser, server.url, { colorScheme: 'light', viewport: { width: 360, height: 740 }, storageState })
  const visit = async (where) => {
    await other.page.goto(where)
    await other.page.getByRole('heading', { level: 1 }).waitFor()
    await settled(other.page)
    await fits(other.page, where)
  }
  for (const where of ['/privacy', '/privacy/new', '/privacy/unused', '/settings/organization']) await visit(where)
  for (const where of ['/privacy/deadlines', '/privacy/archive', '/privacy/retention']) {
    await visit(where)
    await looks(`${where.slice(1)} on a phone`, other.page)
  }
  assert.deepEqual(other.faults, [])
  assert.deepEqual(faults, [])
  await other.context.close()
})
