// Segment's own client of its Public API, as it is published, against a running Observatory: only the address is changed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sdk from '@segment/public-api-sdk-typescript'
import { Analytics } from '@segment/analytics-node'
import { eventually, signUp, startServer } from '../support/server.mjs'

let server, account, regulations

before(async () => {
  server = await startServer('--purge-every', '1s')
  account = await signUp(server.url)
  regulations = new sdk.DeletionAndSuppressionApi(server.url + '/v1/segment')
  const key = await account.keyWith('privacy:write')
  regulations.setDefaultAuthentication({ applyToRequest: (options) => { options.headers.Authorization = `Bearer ${key}` } })
})
after(() => server?.stop())

test('a user is suppressed and deleted, and nobody else is', async () => {
  const analytics = new Analytics({ writeKey: account.publishable, host: server.url })
  for (const userId of ['leaver', 'stayer']) analytics.track({ userId, event: 'Visited' })
  await analytics.flush()
  await account.waitForEvents('user_id', 'leaver', 1)
  await account.waitForEvents('user_id', 'stayer', 1)

  const filed = await regulations.createWorkspaceRegulation({ regulationType: 'SUPPRESS_WITH_DELETE', subjectType: 'USER_ID', subjectIds: ['leaver'] })
  const id = filed.body.data.regulateId
  const open = await regulations.listWorkspaceRegulations({ count: 10 })
  assert.deepEqual(open.body.data.regulations.map((r) => [r.id, r.regulationType]), [[id, 'SUPPRESS_WITH_DELETE']])
  const done = await eventually(async () => {
    const { regulation } = (await regulations.getRegulation(id)).body.data
    return regulation.overallStatus === 'RUNNING' ? undefined : regulation
  }, 'the end of the regulation', 120_000)
  assert.equal(done.overallStatus, 'FINISHED')
  assert.ok(done.finishedAt >= done.createdAt)
  const copies = done.streamStatus[0].destinationStatus
  assert.ok(copies.some((c) => c.name === 'events' && c.status === 'FINISHED'), JSON.stringify(copies))

  for (const userId of ['leaver', 'stayer']) analytics.track({ userId, event: 'Visited' })
  await analytics.closeAndFlush()
  await account.waitForEvents('user_id', 'stayer', 2)
  await account.settled(4)
  assert.equal(await account.count('Visited'), 2)
})

test('what is asked for wrongly is said in the form that the client knows', async () => {
  await assert.rejects(regulations.getRegulation('0197d8a2-5b1c-7cc1-9f44-0a4f2d3c1b2a'), (error) => {
    assert.equal(error.statusCode, 404)
    assert.equal(error.body.errors[0].type, 'privacy_request_not_found')
    return true
  })
  const { body } = await regulations.listWorkspaceRegulations({ count: 10 }, 'INVALID')
  assert.deepEqual(body.data.regulations, [])
})
