/// <reference types="vitest/config" />
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  plugins: [react(), precompress()],
  // web.go puts a fresh nonce here for every page load: the style elements that the component library makes carry it.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2023',
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    // ECharts is one part of its own, loaded when the first chart is drawn.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { '/v1': process.env.OBSERVATORY_URL ?? 'http://localhost:8080' },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})

/** Writes FILE.br and FILE.gz beside every text asset, so that the server never compresses, and puts dist/.keep back. */
function precompress(): Plugin {
  let outDir = ''
  return {
    name: 'observatory-precompress',
    apply: 'build',
    configResolved(config) {
      outDir = path.resolve(config.root, config.build.outDir)
    },
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true })
      await Promise.all(
        names
          .filter((name) => /\.(js|css|svg|webmanifest)$/.test(name))
          .map(async (name) => {
            const file = path.join(outDir, name)
            const body = await readFile(file)
            if (body.length < 1024) return
            await writeFile(`${file}.gz`, await promisify(gzip)(body, { level: 9 }))
            await writeFile(
              `${file}.br`,
              await promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
            )
          }),
      )
      await writeFile(path.join(outDir, '.keep'), '')
    },
  }
}
