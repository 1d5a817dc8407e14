// A JavaScript client of Confluent Schema Registry, as it is published, against a running Observatory: nothing but the host is changed.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { startServer } from '../../segment/support/server.mjs'
import { signUp } from '../support/account.mjs'

let server, key

before(async () => {
  server = await startServer()
  const account = await signUp(server.url)
  key = await account.newKey(['schemas:write'])
})
after(() => server?.stop())

const client = (auth = { username: key, password: '' }) =>
  new SchemaRegistry({ host: `${server.url}/v1/schema-registry`, auth, retry: { retries: 0 } }, { [SchemaType.JSON]: { strict: true } })

const shapes = {
  [SchemaType.AVRO]: {
    v1: '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"total","type":"double"}]}',
    v2: '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"total","type":"double"},{"name":"currency","type":"string","default":"EUR"}]}',
    broken: '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"total","type":"string"}]}',
  },
  [SchemaType.JSON]: {
    v1: '{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object","properties":{"total":{"type":"number"}},"additionalProperties":false}',
    v2: '{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object","properties":{"total":{"type":"number"},"currency":{"type":"string"}},"additionalProperties":false}',
    broken: '{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object","properties":{"total":{"type":"boolean"}},"additionalProperties":false}',
  },
  [SchemaType.PROTOBUF]: {
    v1: 'syntax = "proto3";\npackage shop;\nmessage Order { double total = 1; }\n',
    v2: 'syntax = "proto3";\npackage shop;\nmessage Order { double total = 1; string currency = 2; }\n',
    broken: 'syntax = "proto3";\npackage shop;\nmessage Order { string total = 1; }\n',
  },
}

for (const [type, { v1, v2, broken }] of Object.entries(shapes)) {
  describe(type, () => {
    const subject = `shop/${type}`
    const register = (registry, schema) => registry.register({ type, schema }, { subject })

    test('what one writes another reads by the ID in the message', async () => {
      const writer = client()
      const { id } = await register(writer, v1)
      assert.ok(Number.isInteger(id) && id > 0)
      const order = { total: 19.5 }
      const message = await writer.encode(id, order)
      assert.equal(message[0], 0)
      assert.equal(message.readInt32BE(1), id)
      const read = await client({ username: 'anybody', password: key }).decode(message) // knows nothing but the message
      assert.deepEqual({ ...read }, order)
    })

    test('registering again gives the same ID, and a new version another', async () => {
      const first = await register(client(), v1)
      assert.deepEqual(await register(client(), v1), first)
      const second = await register(client(), v2)
      assert.ok(second.id > first.id)
      assert.equal(await client().getLatestSchemaId(subject), second.id)
      assert.equal(await client().getRegistryId(subject, 1), first.id)
      assert.equal(await client().getRegistryIdBySchema(subject, { type, schema: v1 }), first.id)
    })

    test('a version that does not fit is refused with what is wrong', async () => {
      await assert.rejects(register(client(), broken), (error) => {
        assert.equal(error.status, 409)
        assert.match(error.message, /not compatible/)
        return true
      })
    })
  })
}

test('who has no key gets nothing', async () => {
  await assert.rejects(client({ username: 'nobody', password: 'nothing' }).getLatestSchemaId('shop/AVRO'), (error) => {
    assert.equal(error.status, 401)
    return true
  })
})

test("another organization's IDs are not there", async () => {
  const { id } = await client().register({ type: SchemaType.AVRO, schema: shapes.AVRO.v1 }, { subject: 'ours' })
  const stranger = client({ username: await (await signUp(server.url)).newKey(['schemas:read']), password: '' })
  await assert.rejects(stranger.getSchema(id), (error) => {
    assert.equal(error.status, 404)
    return true
  })
})
