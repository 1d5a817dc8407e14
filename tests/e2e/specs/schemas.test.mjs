// Schemas and the contract: a schema is inferred, made version 1 and bound; a version that would break its readers is refused with
// reasons; and what a change would do is rehearsed, by sender, before it is published.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, startServer } from '../support/server.mjs'
import { send, signUp, store } from '../support/account.mjs'
import { accessible, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

let server, browser, context, page, faults, keys
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  ;({ context, page, faults } = await openPage(browser, server.url))
  keys = await signUp(page, 'Eastwind')
  // Of 40 orders every tenth comes from an old library, which sends the total as words.
  await store(server.url, keys.secret, Array.from({ length: 40 }, (_, i) => order(i)))
  await store(server.url, keys.secret, [{ event: 'page_view', event_id: 'view', properties: { path: '/' } }])
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const old = (i) => i % 10 === 0

function order(i, properties = {}) {
  return {
    event: 'order_placed', event_id: `o${i}`, user_id: `u${i % 7}`,
    context: { library: { name: 'shop-sdk', version: old(i) ? '1.0.0' : '2.0.0' } },
    properties: { order_id: `A-${i}`, total: old(i) ? 'twelve' : 12.5, currency: ['EUR', 'USD'][i % 2], ...properties },
  }
}

/** Puts a text in place of the one in an editor, as a paste does. */
async function write(label, text) {
  const editor = page.getByRole('textbox', { name: label })
  await editor.click()
  await page.keyboard.press('Control+a')
  await editor.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', pasted)
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }, text)
}

const schema = (properties, rest = {}) =>
  JSON.stringify({ type: 'object', properties, required: ['order_id', 'total'], additionalProperties: false, ...rest }, null, 2)

const version1 = { order_id: { type: 'string' }, total: { type: 'number' }, currency: { enum: ['EUR', 'USD'] } }

const row = (name) => page.getByRole('row', { name })

test('a schema is inferred from events, made version 1, and the event bound to it', async () => {
  await page.goto('/data/schemas')
  await page.getByText('No schema yet').waitFor()
  await settled(page)
  await accessible(page, 'schemas, none')
  await page.getByRole('link', { name: 'Infer from events' }).click()
  await choose(page, 'Event', 'order_placed (40)')
  await page.waitForURL(/event=order_placed/)

  await page.getByText('In the newest 40 events named order_placed').waitFor()
  await row(/properties\.order_id 100% string .*required/).waitFor()
  await row(/properties\.total 100% number 90% string 10% .*mixed required/).waitFor()
  await row(/properties\.currency 100% string one of EUR · USD required/).waitFor()
  await settled(page)
  await accessible(page, 'an inferred schema')

  await write('the proposed schema', schema(version1))
  await page.getByRole('button', { name: 'Make it version 1 and bind the event' }).click()
  await page.waitForURL('**/data/schemas/subjects/order_placed/versions')
  await page.getByText('order_placed is bound to order_placed').waitFor()
  for (const fact of ['version 1', 'backward compatibility', 'for order_placed (warn)']) await page.getByText(fact, { exact: true }).waitFor()
  await page.getByRole('button', { name: /Version 1 newest .*eastwind@example\.com/ }).waitFor()
  await settled(page)
  await accessible(page, 'the versions of a subject')
  assert.deepEqual(faults, [])
})

test('events that do not fit are stored and marked, and the contract says how many', async () => {
  // The contract is in force on every node within five seconds.
  await eventually(async () => {
    await store(server.url, keys.secret, [{ ...order(1), event_id: `probe-${Date.now()}`, properties: { order_id: 1, total: {} } }])
    await page.goto('/explore/events')
    await page.getByRole('cell', { name: /order_placed/ }).first().waitFor()
    await page.goto('/data/contract')
    const share = row(/^order_placed/).getByRole('cell').nth(5)
    await share.getByText('%').waitFor()
    return /1[0-9](\.\d)?%/.test(await share.textContent()) ? true : undefined
  }, 'events that do not fit')
  await settled(page)
  await accessible(page, 'the contract')
  assert.deepEqual(faults, [])
})

test('a version that breaks its readers is refused with each reason, and a compatible one is registered', async () => {
  await page.goto('/data/schemas/subjects/order_placed/next')
  await page.getByText('Change something to go on').waitFor()
  await write('the new version', schema({ ...version1, currency: { enum: ['EUR'] }, loyalty: { type: 'string' } }, { required: ['order_id', 'total', 'loyalty'] }))
  await page.getByRole('button', { name: 'Check' }).click()
  const refusal = page.getByRole('alert')
  await refusal.getByText('Not compatible').waitFor()
  const reason = (rule) => refusal.getByRole('listitem').filter({ hasText: rule })
  await reason('REQUIRED_ATTRIBUTE_ADDED').getByText('Instead:').waitFor()
  await reason('ENUM_ARRAY_NARROWED').getByText('/properties/currency/enum').waitFor()
  await reason('ENUM_ARRAY_NARROWED').getByText('against version 1').waitFor()
  assert.ok(await page.getByRole('button', { name: 'Register version 2' }).isDisabled(), 'what is refused cannot be registered')
  await settled(page)
  await accessible(page, 'a refused version')

  await write('the new version', '{"type": "object"')
  await page.getByRole('button', { name: 'Check' }).click()
  await refusal.getByText('Nothing was registered').waitFor()
  await refusal.getByRole('button', { name: 'Copy the correlation ID' }).waitFor()

  await write('the new version', schema({ ...version1, coupon: { type: 'string' } }))
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('Compatible: it can be registered as version 2').waitFor()
  await page.getByRole('button', { name: 'Register version 2' }).click()
  await page.waitForURL('**/order_placed/versions')
  await page.getByRole('button', { name: /Version 2 newest/ }).waitFor()

  await page.getByRole('link', { name: 'Compare with version 1' }).click()
  await page.getByRole('textbox', { name: 'version 2' }).getByText('"coupon"').waitFor()
  await settled(page)
  await accessible(page, 'what changed, side by side')
  await page.getByText('In one', { exact: true }).click()
  await page.waitForURL(/view=unified/)
  await page.getByRole('textbox', { name: 'version 1 compared with version 2' }).getByText('"coupon"').waitFor()
  assert.deepEqual(faults, [])
})

test('a rehearsal of a version tells who would break, and why', async () => {
  await page.goto('/data/schemas/subjects/order_placed/next')
  await write('the new version', schema({ ...version1, coupon: { type: 'string' }, express: { type: 'boolean' } }))
  await page.getByRole('button', { name: 'Rehearse' }).click()
  await page.getByText(/^\d+ of 4\d events$/).waitFor()
  await row(/shop-sdk 1\.0\.0 My site 4 4 100%/).waitFor()
  const causes = page.getByRole('region', { name: 'By cause' })
  await causes.getByRole('cell', { name: 'properties.total', exact: true }).first().waitFor()
  await settled(page)
  await accessible(page, 'a rehearsal')
  await write('the new version', schema(version1))
  await page.getByText('You have made changes since this rehearsal').waitFor()
  assert.deepEqual(faults, [])
})

test('a contract is changed, rehearsed, published with a note, and an old version restored', async () => {
  await page.goto('/data/contract')
  await choose(page, 'Mode of order_placed', /^Enforce/)
  await page.getByRole('radio', { name: 'Quarantine' }).check()
  await page.getByText('order_placed: warn → enforce').waitFor()
  await page.getByText('Unknown events: allow → quarantine').waitFor()

  // A look at another page loses nothing.
  await page.getByRole('link', { name: 'Catalog' }).click()
  await page.getByRole('heading', { name: 'Catalog' }).waitFor()
  await page.getByRole('link', { name: 'Contract' }).click()
  await page.getByRole('heading', { name: '2 unpublished changes' }).waitFor()

  await page.getByRole('button', { name: 'Rehearse' }).click()
  await row(/shop-sdk 1\.0\.0 My site 4 4 100%/).waitFor()
  await page.getByRole('region', { name: 'By cause' }).getByText('unknown_event').waitFor()
  await settled(page)
  await accessible(page, 'a rehearsed contract')

  await page.getByLabel('Note').fill('Orders must be right from now on')
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Version 2 is in force').waitFor()
  await page.getByText('Orders must be right from now on').waitFor()
  await page.getByRole('heading', { name: /unpublished/ }).waitFor({ state: 'detached' })

  // What breaks it is set aside from now on, and told by the cause.
  await eventually(async () => {
    await send(server.url, keys.secret, [{ event: 'never_agreed', event_id: `n-${Date.now()}` }])
    const answer = await context.request.get(`${server.url}/v1/quarantine?limit=100`)
    return (await answer.json()).events.find((e) => e.code === 'unknown_event' && e.event === 'never_agreed')
  }, 'an unknown event in quarantine')

  await page.goto('/data/contract')
  const first = page.getByRole('listitem').filter({ hasText: 'Version 1' })
  await first.getByRole('button', { name: 'Show the document' }).click()
  await page.waitForURL(/version=1/)
  await first.getByRole('textbox', { name: 'nothing compared with version 1' }).waitFor()
  await page.getByRole('button', { name: 'Restore version 1' }).click()
  await page.getByText('order_placed: enforce → warn').waitFor()
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Version 3 is in force').waitFor()
  assert.deepEqual(faults, [])
})

test('somebody else’s version is not overwritten', async () => {
  await page.goto('/data/contract')
  await page.getByRole('radio', { name: 'Quarantine' }).check()
  const put = await context.request.put(`${server.url}/v1/policies/contract`, {
    headers: { Origin: server.url },
    data: { document: { unknown_events: 'allow', events: [] }, base_version: 3, note: 'Meanwhile' },
  })
  assert.equal(put.status(), 200, await put.text())
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('alert').getByText('Somebody else has published a version').waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page.reload()
  await page.getByText('No event is bound to a schema').waitFor()
  assert.deepEqual(faults, [])
})

test('typed code is shown in each language, and the level of compatibility is explained and set', async () => {
  await page.goto('/data/schemas/subjects/order_placed/code')
  await page.getByRole('textbox', { name: 'the TypeScript code' }).getByText('OrderPlaced').first().waitFor()
  await page.getByText('Python', { exact: true }).click()
  await page.waitForURL(/lang=python/)
  await page.getByRole('textbox', { name: 'the Python code' }).getByText('order_id').first().waitFor()
  await page.getByText('Go', { exact: true }).click()
  await page.getByRole('textbox', { name: 'the Go code' }).getByText('package').first().waitFor()
  await settled(page)
  await accessible(page, 'typed code')

  await page.getByRole('link', { name: 'Settings', exact: true }).last().click()
  await page.getByRole('radio', { name: 'Full', exact: true }).check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('full compatibility').waitFor()
  await settled(page)
  await accessible(page, 'the settings of a subject')
  assert.deepEqual(faults, [])
})

test('a subject written by hand in Avro is deleted by its name', async () => {
  await page.goto('/data/schemas/new?how=write')
  await page.getByLabel('Subject').fill('telemetry')
  await page.getByText('Avro', { exact: true }).click()
  await settled(page)
  await accessible(page, 'a schema written by hand')
  await page.getByRole('button', { name: 'Register' }).click()
  await page.waitForURL('**/telemetry/versions')
  await page.getByText('Fingerprint, CRC-64-AVRO').waitFor()

  await page.goto('/data/schemas/subjects/telemetry/settings')
  await page.getByRole('button', { name: 'Delete telemetry' }).click()
  const dialog = page.getByRole('dialog')
  const confirm = dialog.getByRole('button', { name: 'Delete' })
  assert.ok(await confirm.isDisabled(), 'the name must be typed first')
  await dialog.getByRole('textbox').fill('telemetry')
  await confirm.click()
  await page.waitForURL('**/data/schemas')
  await page.getByRole('link', { name: 'order_placed' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'telemetry' }).count(), 0)
  await page.goto('/data/schemas/subjects/telemetry/versions')
  await page.getByText('No such subject').waitFor()
  assert.deepEqual(faults, [])
})

for (const [colorScheme, viewport] of [['light', { width: 1440, height: 900 }], ['dark', { width: 360, height: 740 }], ['light', { width: 360, height: 740 }]]) {
  test(`the pages of a subject are accessible and fit: ${colorScheme}, ${viewport.width} px`, async () => {
    const other = await openPage(browser, server.url, { colorScheme, viewport, storageState: await context.storageState() })
    for (const where of ['', '/new?event=order_placed', ...['versions', 'compare', 'next', 'code', 'settings'].map((tab) => `/subjects/order_placed/${tab}`)]) {
      await other.page.goto(`/data/schemas${where}`)
      await other.page.getByRole('heading', { level: 1 }).waitFor()
      await settled(other.page)
      await accessible(other.page, where)
      await fits(other.page, where)
    }
    assert.deepEqual(other.faults, [])
    await other.context.close()
  })
}
