import { describe, expect, it } from 'vitest'
import { snippets } from './snippets'

const made = snippets('https://obs.example.com:8443', { publishable: 'PUBLISHABLE', secret: 'SECRET' })

describe('snippets', () => {
  it('put only the publishable key where visitors can read it', () => {
    for (const { id, code } of made) {
      const inPage = id === 'page' || id === 'segment'
      expect(code.includes('PUBLISHABLE'), id).toBe(inPage)
      expect(code.includes('SECRET'), id).toBe(!inPage)
    }
  })

  it('reach this host', () => {
    for (const { id, code } of made) expect(code, id).toContain('https://obs.example.com:8443')
    expect(made.find((s) => s.id === 'segment')?.code).toContain(
      "apiHost: 'obs.example.com:8443/v1', protocol: 'https'",
    )
  })
})
