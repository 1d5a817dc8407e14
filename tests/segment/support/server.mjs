// A real Observatory with a data folder of its own, and what a test asks it.
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

/** Starts a server with the engines that it brings along, and with these flags. */
export async function startServer(...flags) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'observatory-segment-'))
  await chmod(dataDir, 0o755) // its PostgreSQL runs as another user where we are root
  const port = await freePort()
  const binary = process.env.OBSERVATORY_BIN ?? path.join(root, 'bin/observatory')
  const child = spawn(binary, ['serve', '--http-addr', `127.0.0.1:${port}`, '--data-dir', dataDir, ...flags], {
    env: { ...process.env, OBSERVATORY_RUNTIME_DIR: process.env.OBSERVATORY_RUNTIME_DIR ?? path.join(root, '.runtime') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  let log = ''
  await new Promise((resolve, reject) => {
    const read = (chunk) => {
      log += chunk
      if (log.includes('Observatory is ready')) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    ended.then((code) => reject(new Error(`the server ended with ${code}:\n${log}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    dataDir,
    async stop() {
      child.kill('SIGTERM')
      const code = await ended
      await rm(dataDir, { recursive: true, force: true })
      if (code !== 0) throw new Error(`the server ended with ${code}:\n${log}`)
    },
  }
}

/** Signs up and returns what a test needs: keys, and questions to the API. */
export async function signUp(url) {
  const response = await fetch(url + '/v1/signup', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: `segment-${Date.now()}@example.com`, password: 'correct horse battery', organization: 'Segment users' }),
  })
  if (!response.ok) throw new Error(`sign up: ${response.status} ${await response.text()}`)
  const made = await response.json()
  const cookie = response.headers.get('set-cookie').split(';')[0]
  const { publishable, secret } = made.api_keys
  const ask = (method, path, body) => call(url, method, path, secret, body)
  const events = async (property, value) => (await ask('POST', '/v1/query/events', {
    limit: 500, filters: { property, operator: 'equals', value },
  })).events
  return {
    publishable,
    secret,
    /** A secret key with these scopes. */
    async keyWith(...scopes) {
      const body = { source_id: made.source.id, kind: 'secret', name: scopes.join(' '), scopes }
      const created = await fetch(url + '/v1/keys', { method: 'POST', headers: { 'Content-Type': 'application/json', cookie }, body: JSON.stringify(body) })
      if (!created.ok) throw new Error(`make a key: ${created.status} ${await created.text()}`)
      return (await created.json()).token
    },
    /** The events in which a property equals value, oldest first, once there are as many as are waited for. */
    async waitForEvents(property, value, count) {
      return (await eventually(async () => {
        const found = await events(property, value)
        return found.length >= count ? found : undefined
      }, `${count} events with ${property} = ${value}`)).reverse()
    },
    /** How many events there are of that name. */
    async count(event) {
      const day = 24 * 3600 * 1000
      const at = (days) => new Date(Date.now() + days * day).toISOString()
      const { series } = await ask('POST', '/v1/query/trends', { event, measure: 'count', interval: 'day', from: at(-2), to: at(2) })
      return series.reduce((sum, s) => sum + s.total, 0)
    },
    waitForQuarantine: (test) => eventually(async () => {
      const { events } = await ask('GET', '/v1/quarantine?limit=500')
      return events.find(test)
    }, 'a quarantined event'),
    /** Waits until nothing that was received is on its way any more, and returns the totals of the ledger. */
    settled: (received) => eventually(async () => {
      const { totals, hours } = await ask('GET', '/v1/ledger')
      return totals.received >= received && hours.every((hour) => hour.balanced) ? totals : undefined
    }, `${received} events in the ledger`),
  }
}

/** Tries until something comes back, for half a minute unless told otherwise. */
export async function eventually(attempt, what, patience = 30_000) {
  for (const end = Date.now() + patience; Date.now() < end;) {
    const found = await attempt()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`waited too long for ${what}`)
}

async function call(url, method, path, key, body) {
  const response = await fetch(url + path, {
    method,
    headers: { ...(key && { Authorization: `Bearer ${key}` }), ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
