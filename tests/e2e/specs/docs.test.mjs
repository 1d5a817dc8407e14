// The page that shows the contract, in a real browser.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer } from '../support/server.mjs'
import { accessible, fits, openBrowser, openPage } from '../support/browser.mjs'

let server, browser
before(async () => {
  server = await startServer()
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const json = async (path) => (await fetch(server.url + path)).json()

/** Opens the page at an anchor and waits until it is built. Whatever the browser complains about is a fault. */
async function open(anchor, options) {
  const opened = await openPage(browser, server.url, options)
  opened.page.on('console', (message) => message.type() === 'error' && opened.faults.push(message.text()))
  await opened.page.goto(`/docs${anchor}`)
  await opened.page.getByRole('heading', { name: 'Errors', exact: true }).nth(1).waitFor()
  return opened
}

test('every operation, schema and error code has its place, and is found', async () => {
  const { context, page, faults } = await open('')
  const [contract, errors] = [await json('/openapi.json'), await json('/docs/errors.json')]
  const places = new Set(await page.$$eval('main [id]', (elements) => elements.map((e) => e.id)))
  const expected = [
    ...Object.values(contract.paths).flatMap((item) => Object.values(item)).map((operation) => operation.operationId).filter(Boolean),
    ...errors.map((error) => error.code),
    ...Object.entries(contract.components.schemas).filter(([, schema]) => schema.properties).map(([name]) => `schema-${name}`),
  ]
  assert.ok(expected.length > 150)
  assert.deepEqual(expected.filter((id) => !places.has(id)), [])
  const all = await page.$$eval('[id]', (elements) => elements.map((e) => e.id))
  assert.deepEqual(all.filter((id, i) => all.indexOf(id) !== i), [], 'no two things have the same place')
  const dead = await page.$$eval('a[href^="#"]', (links) => links.map((a) => a.getAttribute('href').slice(1)).filter((id) => !document.getElementById(id)))
  assert.deepEqual([...new Set(dead)], [])

  await page.getByLabel('Search operations').fill('rotate key')
  assert.deepEqual(await page.locator('#contents li:visible').allTextContents(), ['Replace a key by a new one'])
  assert.ok((await page.locator('#ingestEvents pre').first().textContent()).includes(`curl ${server.url}/v1/events`))
  assert.deepEqual(faults, [])
  await context.close()
})

test('a problem document points to its explanation', async () => {
  const problem = await json('/v1/me')
  assert.equal(new URL(problem.type).pathname + new URL(problem.type).hash, '/docs#session_missing')
  const { context, page, faults } = await open('#session_missing')
  const item = page.locator('#session_missing')
  assert.match(await item.textContent(), /You are not logged in/)
  await page.waitForFunction(() => {
    const { top } = document.getElementById('session_missing').getBoundingClientRect()
    return top >= 0 && top < innerHeight
  })
  assert.deepEqual(faults, [])
  await context.close()
})

test('it can be read by everybody, everywhere', async () => {
  for (const [name, options] of Object.entries({
    'a dark screen': { colorScheme: 'dark' }, 'a light phone': { colorScheme: 'light', viewport: { width: 360, height: 740 } },
  })) {
    const { context, page, faults } = await open('', options)
    await fits(page, name)
    // One in twelve stands for all: they are made alike, and there are hundreds.
    await page.$$eval('section.card', (cards) => cards.forEach((card, i) => i % 12 === 0 || card.remove()))
    await page.$$eval('ul.errors', (lists) => lists.forEach((list, i) => i % 12 === 0 || list.remove()))
    await accessible(page, name)
    assert.deepEqual(faults, [], name)
    await context.close()
  }
})
