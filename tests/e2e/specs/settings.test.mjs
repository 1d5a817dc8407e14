// Keys, people, mails and the audit log.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { addressOf, mailedLink, password, send, signUp } from '../support/account.mjs'
import { accessible, choose, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser
before(async () => {
  server = await startServer()
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** The status and code that a key is answered with. */
async function tryKey(key, headers = {}) {
  const response = await fetch(`${server.url}/v1/events`, {
    method: 'POST', headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers }, body: '{"event": "tried"}',
  })
  return response.ok ? response.status : (await response.json()).code
}

const refused = (key, code) => eventually(async () => ((await tryKey(key)) === code ? true : undefined), `${code}`)

test('a key is made, rotated with a grace period and revoked by its name', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  const { publishable } = await signUp(page, 'Key Holders')
  await page.goto('/settings/sources')
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Shop')
  await dialog.getByLabel('Origins').fill('https://shop.example.com')
  await settled(page)
  await accessible(page, 'a new key')
  await dialog.getByRole('button', { name: 'Create the key' }).click()
  const first = await shownOnce(page)
  assert.equal(await tryKey(first, { Origin: 'https://shop.example.com' }), 202)
  assert.equal(await tryKey(first, { Origin: 'https://elsewhere.example.com' }), 'origin_not_allowed')

  await page.getByRole('button', { name: 'More for the key Shop' }).click()
  await page.getByRole('menuitem', { name: 'Name and origins' }).click()
  await dialog.getByLabel('Origins').fill('https://shop.example.com\nhttps://elsewhere.example.com')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('cell', { name: /elsewhere/ }).waitFor()
  await eventually(async () => ((await tryKey(first, { Origin: 'https://elsewhere.example.com' })) === 202 ? true : undefined), 'the new origin')

  await page.getByRole('button', { name: 'More for the key Shop' }).click()
  await page.getByRole('menuitem', { name: 'Rotate' }).click()
  await choose(page, 'When the old key ends', 'In 7 days')
  await dialog.getByRole('button', { name: 'Rotate' }).click()
  const second = await shownOnce(page)
  assert.notEqual(first, second)
  assert.equal(await tryKey(first), 202)
  assert.equal(await tryKey(second), 202)
  await page.getByText('Expiring').waitFor()
  await page.getByText('in 6 days').or(page.getByText('in 7 days')).waitFor()

  await page.getByRole('button', { name: 'More for the key My site' }).click()
  await page.getByRole('menuitem', { name: 'Revoke' }).click()
  const confirm = dialog.getByRole('button', { name: 'Revoke' })
  assert.ok(await confirm.isDisabled(), 'the name must be typed first')
  await settled(page)
  await accessible(page, 'revoking a key')
  await dialog.getByRole('textbox').fill('My site')
  await confirm.click()
  await dialog.waitFor({ state: 'hidden' })
  await refused(publishable, 'key_revoked')
  await page.getByRole('button', { name: 'Show 1 that was revoked or expired' }).click()
  await page.getByRole('cell', { name: /^Revoked/ }).waitFor()

  await page.getByRole('button', { name: 'Add a source' }).click()
  await dialog.getByLabel('Name').fill('Telescope')
  await choose(page, 'Kind', 'Sensor')
  await dialog.getByRole('button', { name: 'Add the source' }).click()
  await page.getByRole('heading', { name: 'Telescope' }).waitFor()
  // With two sources there is a choice of which to look at.
  await page.goto('/explore')
  await page.getByRole('combobox', { name: 'Source' }).or(page.getByRole('textbox', { name: 'Source' })).first().waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

/** Reads the token that is shown, and closes the dialog. */
async function shownOnce(page) {
  const token = (await page.getByRole('region', { name: 'the key' }).textContent()).trim()
  await settled(page)
  await accessible(page, 'a key, shown once')
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  return token
}

test('somebody is invited by mail, joins, and may do what the role allows', async () => {
  const owner = await openPage(browser, server.url)
  await signUp(owner.page, 'Hosts')
  await owner.page.goto('/settings/members')
  await owner.page.getByLabel('E-mail').fill('grace@example.com')
  await choose(owner.page, 'Role', 'Viewer')
  await owner.page.getByRole('button', { name: 'Invite' }).click()
  await owner.page.getByRole('cell', { name: 'grace@example.com', exact: true }).waitFor()

  const guest = await openPage(browser, server.url)
  await guest.page.goto(await mailedLink(server, 'grace@example.com', 'invitation'))
  await guest.page.getByRole('heading', { name: 'Join Hosts' }).waitFor()
  await settled(guest.page)
  await accessible(guest.page, 'an invitation')
  await guest.page.getByLabel('Choose a password').fill(password)
  await guest.page.getByRole('button', { name: 'Join' }).click()
  await guest.page.getByRole('heading', { name: 'Overview' }).waitFor()

  // A viewer looks, and changes nothing.
  await guest.page.goto('/settings/sources')
  await guest.page.getByText('Only owners and admins can change this').waitFor()
  assert.equal(await guest.page.getByRole('button', { name: 'New key' }).count(), 0)
  await guest.page.goto('/settings/audit')
  await guest.page.getByText('For owners and admins').waitFor()

  await owner.page.reload()
  await choose(owner.page, 'Role of grace@example.com', 'Admin')
  await eventually(async () => {
    await guest.page.goto('/settings/sources')
    await guest.page.getByRole('heading', { name: 'My site' }).waitFor()
    return (await guest.page.getByRole('button', { name: 'New key' }).count()) === 1 ? true : undefined
  }, 'the rights of an admin')

  await guest.page.goto('/settings/members')
  await guest.page.getByRole('button', { name: 'More for grace@example.com' }).click()
  await guest.page.getByRole('menuitem', { name: 'Leave' }).click()
  await guest.page.getByRole('dialog').getByRole('textbox').fill('Hosts')
  await guest.page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await guest.page.getByText('No organization left').waitFor()
  await settled(guest.page)
  await accessible(guest.page, 'without an organization')
  await guest.page.getByRole('button', { name: 'Log out' }).click()
  await guest.page.waitForURL('**/login**')

  await owner.page.goto('/settings/audit')
  for (const action of ['invitation.', 'member.joined', 'member.role_changed', 'member.removed']) {
    await owner.page.getByText(action, { exact: false }).first().waitFor()
  }
  await owner.page.getByRole('button', { name: 'Verify' }).click()
  await owner.page.getByText('are as they were written').waitFor()
  assert.deepEqual([...owner.faults, ...guest.faults], [])
  await owner.context.close()
  await guest.context.close()
})

test('an address is verified, a forgotten password is set anew, and a known one is changed', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  await signUp(page, 'Forgetful')
  const address = addressOf('Forgetful')
  await page.goto(await mailedLink(server, address, 'verification'))
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('Your e-mail address is verified').waitFor()
  await page.goto('/settings/account')
  await page.getByText('Yes', { exact: true }).waitFor()

  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL('**/login')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await page.getByRole('heading', { name: 'Set a new password' }).waitFor() // the login has a field of the same name
  await page.getByLabel('E-mail').fill(address)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('a mail with a link is on its way').waitFor()
  await page.goto(await mailedLink(server, address, 'reset'))
  await page.getByLabel('New password').fill('a wholly different phrase')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByText('The new password is set').waitFor()

  await page.goto('/login?next=/settings/account')
  await page.getByLabel('E-mail').fill(address)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('alert').getByText('wrong').waitFor()
  await page.getByLabel('Password', { exact: true }).fill('a wholly different phrase')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL('**/settings/account')

  await page.getByLabel('Current password').fill('not this one at all')
  await page.getByLabel('New password').fill('yet another long phrase')
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByRole('alert').first().waitFor()
  assert.match(page.url(), /settings\/account/, 'a wrong password does not log out')
  await page.getByLabel('Current password').fill('a wholly different phrase')
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByText('The new password is set').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('the organization is renamed, and its days follow its time zone', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  const { secret } = await signUp(page, 'Old Name')
  await send(server.url, secret, [{ event: 'noon', timestamp: '2026-02-01T12:00:00Z' }])
  await page.goto('/settings/organization')
  await page.getByLabel('Name').fill('New Name')
  await page.getByLabel('Time zone').first().fill('Tokyo')
  await page.getByRole('option', { name: 'Asia/Tokyo' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: /^Organization New Name/ }).waitFor()
  await page.goto('/explore/events?from=2026-02-01&to=2026-02-01')
  await page.getByRole('cell', { name: '1 Feb 2026 21:00:00' }).waitFor()
  await page.getByRole('columnheader', { name: 'Time (Asia/Tokyo)' }).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})
