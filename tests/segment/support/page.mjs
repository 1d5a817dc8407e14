// A web page of somebody else's site that uses Segment's browser client, as it is published, and a browser that visits it.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { chromium } from 'playwright-core'

const client = path.join(path.dirname(createRequire(import.meta.url).resolve('@segment/analytics-next/package.json')), 'dist/umd')

/** Serves pages and the client's own files. Its origin is another one than Observatory's. */
export async function startSite() {
  const server = createServer(async (request, response) => {
    const name = path.basename(new URL(request.url, 'http://site').pathname)
    if (name.endsWith('.js')) {
      const script = await readFile(path.join(client, name)).catch(() => undefined)
      response.writeHead(script ? 200 : 404, { 'Content-Type': 'text/javascript' }).end(script)
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
    response.end('<!doctype html><link rel="icon" href="data:,"><title>Plants &amp; Pots</title><script src="/index.js"></script><a href="/next">Next</a>')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections() }),
  }
}

/** Debian's Chromium, or the one that CHROMIUM names. */
export const startBrowser = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})

/** Visits a site and keeps a list of every request that the page makes and of everything that it complains about. */
export async function visit(browser, url) {
  const page = await browser.newPage()
  const requests = []
  const complaints = []
  page.on('request', (request) => requests.push(request))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(url)
  return { page, requests, complaints }
}
