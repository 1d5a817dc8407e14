// Debian's Chromium, and what every page must keep to.
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import assert from 'node:assert/strict'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const args = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

/** Starts a browser that talks to nobody but the server under test, for several specs. */
export const launchBrowser = () => chromium.launchServer({ executablePath, args })

/** Opens that browser, or one of the spec's own. */
export function openBrowser() {
  const shared = process.env.OBSERVATORY_E2E_BROWSER
  return shared ? chromium.connect(shared) : chromium.launch({ executablePath, args })
}

/**
 * A page whose faults are remembered: requests to other hosts, scripts that broke, and what the content security policy
 * or React complained about.
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 }, colorScheme: 'dark', reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // That an answer was a 4xx is told as an error too; some tests provoke one.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  page.on('request', (request) => {
    const to = new URL(request.url())
    if (to.origin !== url && to.protocol.startsWith('http')) faults.push(`asks ${to.origin}`)
  })
  return { context, page, faults }
}

/** Fails on what axe-core calls serious or critical. Our pages have no frames, which is what the faster legacy mode does not look into. */
export async function accessible(page, where) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] }).analyze()
  const grave = violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.help}\n    ${v.nodes.map((n) => `${n.html.slice(0, 200)}\n      ${n.failureSummary?.replaceAll('\n', ' ')}`).join('\n    ')}`)
  assert.deepEqual(grave, [], `${where}:\n  ${grave.join('\n  ')}`)
}

/** What a download holds. */
export async function downloaded(download) {
  const chunks = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Fails when the page can be scrolled sideways. */
export async function fits(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  assert.ok(over <= 0, `${where} is ${over} px too wide`)
}

/** Waits until nothing is being loaded any more, and nothing moves: a half-faded text has half its contrast. */
export async function settled(page) {
  await page.waitForFunction(
    () =>
      document.querySelector('main')?.checkVisibility() &&
      document.querySelector('[aria-busy="true"], .mantine-Skeleton-root') === null &&
      document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity),
  )
}

/** Waits until the chart is drawn and returns its place on the page. */
export async function chart(page) {
  const canvas = page.locator('[data-ready=true] canvas').first()
  await canvas.waitFor()
  await settled(page)
  await canvas.scrollIntoViewIfNeeded()
  return canvas.boundingBox()
}

/** Chooses an option of one of our selects by its label. */
export async function choose(page, field, option) {
  await page.getByRole('combobox', { name: field, exact: true }).or(page.getByRole('textbox', { name: field, exact: true })).first().click()
  await page.getByRole('option', { name: option, exact: true }).first().click()
}
