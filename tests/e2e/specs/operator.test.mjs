// Whoever runs the installation: what organizations use, owe and cost, and what is done about it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operatorToken, startServer } from '../support/server.mjs'
import { signUp } from '../support/account.mjs'
import { accessible, choose, fits, openBrowser, openPage, settled } from '../support/browser.mjs'

const name = 'Costly Comets'
let server, browser, member
before(async () => {
  server = await startServer()
  browser = await openBrowser()
  member = (await openPage(browser, server.url)).page
  await signUp(member, name)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const shot = (page, file) => process.env.SCREENSHOTS && page.screenshot({ path: `${process.env.SCREENSHOTS}/${file}.png`, fullPage: true })

test('an operator gives a plan and a credit, and suspends an organization by its name', async () => {
  const { context, page, faults } = await openPage(browser, server.url)
  await page.goto('/operator')
  await page.getByLabel('Operator token').fill('a guess of sixteen letters')
  await settled(page)
  await accessible(page, 'asking for the token')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('This is not the token of this installation.').waitFor()
  await page.getByLabel('Operator token').fill(operatorToken)
  await page.getByRole('button', { name: 'Go on' }).click()

  await page.getByRole('heading', { name: 'Organizations' }).waitFor()
  await page.getByLabel('Search by name or ID').fill('costly com')
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
  await row.getByText('Free').waitFor()
  await row.getByText('In good standing').waitFor()
  await settled(page)
  await accessible(page, 'organizations')
  await shot(page, 'operator')

  await row.getByRole('link', { name, exact: true }).click()
  const panel = page.locator('section').filter({ has: page.getByRole('heading', { name: 'How it stands' }) })
  const dialog = page.getByRole('dialog')
  await panel.getByRole('button', { name: 'Plan', exact: true }).click()
  await choose(page, 'Plan', 'Growth')
  await dialog.getByLabel('Reason').fill('agreed on the phone')
  await settled(page)
  await accessible(page, 'giving a plan')
  await dialog.getByRole('button', { name: 'Give it the plan' }).click()
  await panel.getByText('Growth').waitFor()

  await panel.getByRole('button', { name: 'Credit' }).click()
  await dialog.getByLabel('Amount in USD').fill('25')
  await dialog.getByLabel('Reason').fill('with our apologies')
  await dialog.getByRole('button', { name: 'Credit it' }).click()
  await panel.getByText('USD 25.00').waitFor()

  await panel.getByRole('button', { name: 'Suspend' }).click()
  const confirm = dialog.getByRole('button', { name: 'Suspend' })
  await dialog.getByLabel('Reason').fill('sends what it must not')
  assert.ok(await confirm.isDisabled(), 'the name must be typed first')
  await dialog.getByLabel(`Type ${name} to confirm`).fill(name)
  await settled(page)
  await accessible(page, 'suspending')
  await confirm.click()
  await panel.getByText('Suspended', { exact: true }).waitFor()
  await settled(page)
  await shot(page, 'operator-tenant')
  await page.setViewportSize({ width: 360, height: 740 })
  await shot(page, 'operator-tenant-narrow')
  await fits(page, 'an organization')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.getByRole('link', { name: 'All organizations' }).click()
  await page.getByRole('heading', { name: 'Organizations' }).waitFor()
  await settled(page)
  await accessible(page, 'organizations, light')
  await fits(page, 'organizations')
  await shot(page, 'operator-narrow-light')
  await page.goBack()
  await panel.getByRole('button', { name: 'End the suspension' }).click()
  await dialog.getByLabel('Reason').fill('it was somebody else')
  await dialog.getByRole('button', { name: 'End it' }).click()
  await panel.getByText('In good standing').waitFor()

  await page.getByRole('button', { name: 'Forget the token' }).click()
  await page.getByLabel('Operator token').waitFor()
  assert.deepEqual(faults, [])
  await context.close()

  // The organization reads what was done, and why.
  await member.goto('/settings/audit')
  for (const reason of ['agreed on the phone', 'with our apologies', 'sends what it must not', 'it was somebody else']) {
    await member.getByText(reason).first().waitFor()
  }
})
