// What is done in the background: how the data goes through, what was done for it, how long that took, and what has failed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { signUp, store } from '../support/account.mjs'
import { accessible, chart, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'
import { ask } from '../support/contract.mjs'

let server, browser, page, context, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ page, context, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Night shift')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const look = async (where) => {
  await settled(page)
  await accessible(page, where)
  await fits(page, where)
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${where.replaceAll(' ', '-')}.png`, fullPage: true })
}

const jobs = async (query = '') => (await ask(server.url, keys.secret, 'GET', `/v1/jobs${query}`)).jobs

test('before anything was done it says what would be here', async () => {
  await page.goto('/work/failed')
  await page.getByText('Nothing has failed').waitFor()
  await page.goto('/work/durations')
  await page.getByRole('heading', { name: 'Durations', exact: true }).waitFor()
  await look('no durations')
})

test('the pipeline tells each stage, in a graph and as a table', async () => {
  const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 5 * 3_600_000).toISOString()
  await store(server.url, keys.secret, [
    ...Array.from({ length: 30 }, (_, i) => ({ event: 'page_view', event_id: `v-${i}`, user_id: `u${i}`, timestamp: hour })),
    { event: 'page_view', event_id: 'bad', oops: 1 },
  ])
  await page.goto('/work')
  await page.waitForURL('**/work/pipeline')
  await page.getByRole('link', { name: /^Quarantine.*1 event waits/ }).waitFor()
  const row = page.getByRole('region', { name: 'Figures of the stages' }).getByRole('row', { name: /^Accept/ })
  await row.getByText('Events are accepted.').waitFor()
  await page.getByRole('link', { name: /^Rollups/ }).waitFor()
  await look('the pipeline')
  await page.setViewportSize({ width: 360, height: 740 })
  await look('the pipeline on a phone')
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.getByRole('link', { name: /^Quarantine/ }).click()
  await page.getByText('1 event is in quarantine').waitFor()
})

test('a stage that is stuck is told with what it means for the data', async () => {
  // A stage that is stuck cannot be had from a server that is well: its answer is changed on the way.
  await page.route('**/v1/pipeline', async (route) => {
    const response = await route.fetch()
    const pipeline = await response.json()
    const sink = pipeline.stages.find((s) => s.name === 'sink')
    Object.assign(sink, { health: 'stuck', why: 'Events wait in the log and are not stored. Nothing is lost: they are safe.' })
    await route.fulfill({ response, json: pipeline })
  })
  await page.goto('/work/pipeline')
  await page.getByText('Sink is stuck').waitFor()
  await page.getByText('Nothing is lost: they are safe.').first().waitFor()
  await look('a stuck pipeline')
  await page.unrouteAll({ behavior: 'ignoreErrors' }) // the page may be asking again at this moment
})

test('the history shows a job with its attempts, parameters and ID, and can be shared', async () => {
  const done = await eventually(async () => (await jobs('?kind=rollups:recompute&state=done'))[0], 'rollups to be computed')
  await page.goto('/work/runs')
  await page.getByRole('img', { name: /jobs? of .* over time/ }).waitFor()
  await choose(page, 'Kind', 'Recompute rollups')
  await page.waitForURL(/kind=rollups/)
  await look('the run history')
  await page.getByRole('region', { name: 'Jobs' }).getByRole('button', { name: 'Recompute rollups' }).last().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByText('It did what it was made for.').waitFor()
  await drawer.getByRole('region', { name: 'Attempts' }).getByText('Done').waitFor()
  await drawer.getByRole('region', { name: 'the parameters' }).getByText('hours').waitFor()
  await look('a job')
  await page.goto(`/work/runs?job=${done.id}`)
  await drawer.getByText(done.id).waitFor()
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'hidden' })
})

test('each kind has the trend of its durations', async () => {
  await page.goto('/work/durations?range=1h')
  await page.getByRole('region', { name: 'Kinds of jobs' }).getByRole('cell', { name: 'Recompute rollups' }).waitFor()
  await chart(page)
  await look('durations')
})

test('a failed job is tried again, or it is told why not', async () => {
  // A job that fails for good cannot be had from a server that is well: one that is done is told as failed.
  await page.route('**/v1/jobs?*state=failed*', async (route) => {
    const [job] = await jobs('?state=done')
    const failed = { ...job, state: 'failed', error: 'The store did not answer.' }
    await route.fulfill({ json: { jobs: [failed], next_cursor: null } })
  })
  await page.goto('/work/failed')
  await page.getByText('1 job has failed').waitFor()
  await page.getByText('The store did not answer.').waitFor()
  await look('what has failed')
  await page.getByRole('button', { name: /^Try again: / }).click()
  await page.getByRole('alert').getByText('Only a job that has failed or was cancelled can be tried again.').waitFor()
  await page.unrouteAll({ behavior: 'ignoreErrors' })
})

test('nothing broke on the way', async () => {
  assert.deepEqual(faults, [])
  await context.close()
})
