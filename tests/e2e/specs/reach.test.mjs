// For everybody: by keyboard alone, in both themes, on a phone and on a wall, and without faults that axe-core calls serious.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startServer } from '../support/server.mjs'
import { addressOf, password, signUp, store } from '../support/account.mjs'
import { accessible, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser
before(async () => {
  server = await startServer()
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** What has the focus, by the name that a screen reader tells. */
const focused = (page) =>
  page.evaluate(() => {
    const e = document.activeElement
    return e?.getAttribute('aria-label') ?? (e?.labels?.[0]?.textContent || e?.textContent || '').trim()
  })

/** Presses Tab until the control of that name has the focus, and checks that one can see it. */
async function tabTo(page, name, key = 'Tab') {
  const passed = []
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press(key)
    const at = await focused(page)
    passed.push(at.slice(0, 40))
    if (!(name instanceof RegExp ? name.test(at) : at === name)) continue
    const ring = await page.evaluate(() => {
      const marked = (e) => {
        const s = getComputedStyle(e)
        return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0
      }
      const e = document.activeElement
      // Text fields show the focus by their border, which takes the accent.
      return marked(e) || e.matches('input, textarea')
    })
    assert.ok(ring, `the focus on ${name} cannot be seen`)
    return
  }
  assert.fail(`${name} cannot be reached; passed ${passed.join(' | ')}`)
}

/** Opens the search, types into it, and waits until what was found is chosen. */
async function search(page, text) {
  await page.locator('.mantine-Spotlight-action').first().waitFor({ state: 'detached' }) // it fades out after the last time
  await page.keyboard.press('Control+k')
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Search')
  await page.keyboard.type(text)
  await page.waitForFunction((typed) => document.activeElement?.value === typed, text)
  const chosen = page.locator('.mantine-Spotlight-action[data-selected]').filter({ hasText: text })
  await chosen.waitFor()
}

/** Takes what is chosen in the search. What it searches in may arrive just then, and nothing is chosen for a moment. */
async function take(page) {
  for (let tries = 0; tries < 5; tries++) {
    await page.keyboard.press('Enter')
    try {
      return await page.locator('.mantine-Spotlight-action').first().waitFor({ state: 'detached', timeout: 1000 })
    } catch {}
  }
  assert.fail('the search stays open')
}

test('the main way by keyboard alone: sign up, send, overview, explore, an event, a key, log out and in', async () => {
  const { context, page, faults } = await openPage(browser, server.url, { permissions: ['clipboard-read', 'clipboard-write'] })
  const press = (key) => page.keyboard.press(key)
  await page.goto('/signup')
  await page.getByLabel('Organization').waitFor()
  assert.equal(await focused(page), 'Organization', 'the first field has the focus')
  await page.keyboard.type('Keyboard')
  await press('Tab')
  await page.keyboard.type(addressOf('Keyboard'))
  await press('Tab')
  await page.keyboard.type(password)
  await press('Enter')
  await page.waitForURL('**/welcome')

  await tabTo(page, 'Copy the secret key')
  await press('Enter')
  await page.getByRole('button', { name: 'Copied the secret key' }).waitFor()
  const secret = await page.evaluate(() => navigator.clipboard.readText())
  await store(server.url, secret, [{ event: 'page_view', event_id: 'sent-by-hand', user_id: 'u1', properties: { path: '/keys' } }])
  await page.getByText('Your event is here').waitFor()
  await tabTo(page, 'See it on the overview')
  await press('Enter')
  await page.getByRole('button', { name: /^Events 1 Show/ }).waitFor()
  assert.equal(await focused(page), 'Overview', 'the heading of the page that was entered has the focus')

  await tabTo(page, /^Visitors/)
  await press('Enter')
  await page.waitForURL(/measure=unique_users/)
  await tabTo(page, /^\/keys/)
  await press('Enter')
  await page.getByRole('button', { name: 'Change the filter path is /keys' }).waitFor()

  await search(page, 'explore')
  await take(page)
  await page.getByRole('heading', { name: 'Explore' }).waitFor()
  await tabTo(page, 'Breakdown')
  await press('ArrowDown')
  await press('ArrowDown')
  await press('Enter')
  await page.waitForURL(/breakdown=/)

  await search(page, 'sent-by-hand')
  await page.getByText('Event sent-by-hand').first().waitFor()
  await take(page)
  await page.waitForURL('**/events/sent-by-hand')
  await page.getByText('This event: Stored').waitFor()

  await search(page, 'sources')
  await take(page)
  await page.getByRole('heading', { name: 'My site' }).waitFor()
  await tabTo(page, 'New key')
  await press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.type('Made by hand')
  await press('Enter')
  await page.getByText('It is shown only now').waitFor()
  await tabTo(page, 'I have copied it')
  await press('Enter')
  await page.getByRole('cell', { name: /^Made by hand/ }).waitFor()

  await search(page, 'log out')
  await take(page)
  await page.waitForURL('**/login')
  await page.getByLabel('E-mail').and(page.locator(':focus')).waitFor()
  await page.keyboard.type(addressOf('Keyboard'))
  await press('Tab')
  await page.keyboard.type(password)
  await press('Enter')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('the content can be reached at once, and the rail is behind a button on a phone', async () => {
  const { context, page, faults } = await openPage(browser, server.url, { viewport: { width: 360, height: 740 }, hasTouch: true })
  await signUp(page, 'On The Way')
  await page.goto('/')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Skip to the content')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main')

  await page.getByRole('button', { name: 'Menu' }).tap()
  const menu = page.getByRole('dialog')
  await menu.getByRole('link', { name: 'Data' }).waitFor()
  await settled(page)
  await accessible(page, 'the menu')
  await menu.getByRole('link', { name: 'Data' }).tap()
  await page.getByRole('heading', { name: 'Catalog' }).waitFor()
  await menu.waitFor({ state: 'hidden' })
  assert.deepEqual(faults, [])
  await context.close()
})

test('the theme follows the system until one is chosen, and the choice is kept', async () => {
  const { context, page, faults } = await openPage(browser, server.url, { colorScheme: 'light' })
  const theme = () => page.evaluate(() => document.documentElement.getAttribute('data-mantine-color-scheme'))
  await page.goto('/login')
  await page.getByRole('button', { name: 'Switch to the dark theme' }).waitFor()
  assert.equal(await theme(), 'light')
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click()
  await page.getByRole('button', { name: 'Switch to the light theme' }).waitFor()
  await page.reload({ waitUntil: 'commit' })
  await page.waitForFunction(() => document.documentElement.hasAttribute('data-mantine-color-scheme'))
  assert.equal(await theme(), 'dark', 'before the page is drawn')
  assert.deepEqual(faults, [])
  await context.close()
})

const pages = [
  '/', '/welcome', '/explore', '/explore?breakdown=properties.path&chart=bar', '/explore?chart=table', '/explore/events', '/live', '/events/seen', '/events/unseen',
  '/data/catalog', '/data/schemas', '/data/schemas/new', '/data/contract', '/data/delivery', '/data/quarantine', '/data/receipts', '/settings/organization', '/settings/sources', '/settings/members',
  '/settings/audit', '/settings/account', '/nowhere',
]

const views = [
  ['dark', { width: 1440, height: 900 }],
  ['light', { width: 360, height: 740 }],
  ['light', { width: 2560, height: 1300 }],
]

for (const [colorScheme, viewport] of views) {
  test(`every page is accessible, fits, and has a title: ${colorScheme}, ${viewport.width} px`, async () => {
    const { context, page, faults } = await openPage(browser, server.url, { colorScheme, viewport })
    const titles = new Set()
    const look = async (where) => {
      await page.goto(where)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await settled(page)
      if (viewport.width < 2000) await accessible(page, where) // there is nothing on a wall that is not on a desk
      await fits(page, where)
      titles.add(await page.title())
    }
    for (const where of ['/signup', '/login', '/forgot', '/reset?token=x', '/verify?token=x', '/invite?token=x']) await look(where)
    const { secret } = await signUp(page, `Everywhere ${colorScheme} ${viewport.width}`)
    await look('/')
    await page.getByText('No events yet').waitFor()
    await store(server.url, secret, [
      { event: 'page_view', event_id: 'seen', user_id: 'u1', properties: { path: '/a/rather/long/path/that/goes/on/and/on/and/on/until/it/ends.html', price: 3 } },
      { event: '' },
    ])
    for (const where of pages) await look(where)
    assert.ok([...titles].every((t) => t.endsWith('Observatory') && t !== 'Observatory'), [...titles].join(', '))
    assert.ok(titles.size >= 18, [...titles].join(', '))
    assert.deepEqual(faults, [])
    await context.close()
  })
}
