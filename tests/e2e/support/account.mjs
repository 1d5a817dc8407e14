// What every journey begins with: an organization with its keys, events, and the mail that it gets.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { eventually } from '../../segment/support/server.mjs'

export const password = 'correct horse battery staple'

export const addressOf = (name) => `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}@example.com`

/** Signs up through the page and returns the keys that it shows. */
export async function signUp(page, name) {
  await page.setExtraHTTPHeaders({ 'X-Forwarded-For': `198.51.100.${Math.floor(Math.random() * 250)}` }) // one address may not sign up often
  await page.goto('/signup')
  await page.getByLabel('Organization').fill(name)
  await page.getByLabel('E-mail').fill(addressOf(name))
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.waitForURL('**/welcome')
  await page.setExtraHTTPHeaders({})
  const read = async (key) => (await page.getByTestId(key).textContent()).trim()
  return { publishable: await read('Publishable key'), secret: await read('Secret key') }
}

/** Sends events and returns the answer. */
export async function send(url, key, events) {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ events }),
  })
  assert.equal(response.status, 202, await response.clone().text())
  return response.json()
}

/** Sends events and waits until they can be queried. */
export async function store(url, key, events) {
  const response = await fetch(`${url}/v1/events?wait=stored`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ events }),
  })
  assert.equal(response.status, 200, await response.clone().text())
  return response.json()
}

/** The path of the link in a mail of that kind to that address. Without a mail server, mails are files below the data folder. */
export function mailedLink(server, to, kind) {
  const folder = path.join(server.dataDir, 'mail')
  return eventually(async () => {
    const names = await readdir(folder).catch(() => [])
    for (const name of names.filter((n) => n.includes(kind)).sort().reverse()) {
      const mail = (await readFile(path.join(folder, name), 'utf8')).replaceAll('=\r\n', '').replaceAll('=\n', '').replaceAll('=3D', '=')
      if (mail.includes(`<${to}>`)) return /https?:\/\/[^/\s]+(\/\w+\?token=[\w-]+)/.exec(mail)?.[1]
    }
    return undefined
  }, `a ${kind} mail to ${to}`)
}
