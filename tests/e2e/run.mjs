// Starts one server and one browser, and makes all journeys on them, two at a time.
import { spawn } from 'node:child_process'
import { launchBrowser } from './support/browser.mjs'
import { startServer } from './support/server.mjs'

const server = await startServer()
const browser = await launchBrowser()
const specs = process.argv.length > 2 ? process.argv.slice(2) : ['specs/']
const code = await new Promise((resolve, reject) => {
  const tests = spawn(process.execPath, ['--test', '--test-reporter=tap', '--test-concurrency=2', '--test-timeout=600000', ...specs], {
    stdio: 'inherit',
    env: {
      ...process.env,
      OBSERVATORY_E2E_URL: server.url, OBSERVATORY_E2E_DATA: server.dataDir, OBSERVATORY_E2E_BROWSER: browser.wsEndpoint(),
    },
  })
  tests.on('error', reject)
  tests.on('exit', resolve)
})
await browser.close()
await server.stop()
process.exit(code ?? 1)
