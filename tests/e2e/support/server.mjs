// The server that journeys are made on. They share one where run.mjs has started it; a spec that is run alone starts its own.
import { startServer as start } from '../../segment/support/server.mjs'

export { eventually } from '../../segment/support/server.mjs'

// Whatever a journey needs, for all of them: what was erased leaves the disk at once, webhooks may call this machine, and
// whoever signs up may say from where.
const flags = ['--purge-every', '1s', '--allow-private-webhooks', '--trusted-proxies', '127.0.0.1']

/** Lets whoever runs the installation in. */
export const operatorToken = 'operators of all journeys'
process.env.OBSERVATORY_OPERATOR_TOKEN = operatorToken

/** A server, which is stopped by whoever has started it. */
export async function startServer() {
  const { OBSERVATORY_E2E_URL: url, OBSERVATORY_E2E_DATA: dataDir } = process.env
  return url ? { url, dataDir, stop: async () => {} } : start(...flags)
}
