import { describe, expect, it } from 'vitest'
import { tokens, type Scheme, type Tokens } from './tokens'

const schemes: Scheme[] = ['dark', 'light']

describe.each(schemes)('the %s theme', (scheme) => {
  const t = tokens[scheme]
  const grounds: (keyof Tokens)[] = ['bg', 'sunken', 'surface', 'raised']

  it.each(grounds)('has text of WCAG AA contrast on %s', (ground) => {
    for (const ink of ['text', 'muted', 'faint', 'accent', 'attention', 'loss'] as const) {
      expect(contrast(t[ink], t[ground] as string), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('has text of WCAG AA contrast on coloured grounds', () => {
    expect(contrast(t.accentInk, t.accent)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.accentInk, t.accentHover)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.lossInk, t.loss)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.accent, t.accentSoft)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.attention, t.attentionSoft)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.loss, t.lossSoft)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.text, t.attentionSoft)).toBeGreaterThanOrEqual(4.5)
  })

  it('has outlines of controls and series that stand out (WCAG 1.4.11)', () => {
    for (const color of [t.lineStrong, ...t.series]) {
      expect(contrast(color, t.surface), color).toBeGreaterThanOrEqual(3)
    }
  })

  it.each(Object.keys(visions))('has eight series that differ for %s vision', (vision) => {
    const seen = t.series.map((c) => oklab(apply(visions[vision] ?? identity, linear(c))))
    for (const [i, a] of seen.entries()) {
      for (const [j, b] of seen.slice(0, i).entries()) {
        // 0.02 is a just noticeable difference in Oklab; these are to be told apart as thin lines.
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]), `series ${j} and ${i}`).toBeGreaterThan(0.09)
      }
    }
  })
})

type Vec = [number, number, number]
type Matrix = [Vec, Vec, Vec]

const identity: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
]

/** Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB. */
const visions: Record<string, Matrix> = {
  normal: identity,
  protanopic: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopic: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopic: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

function linear(hex: string): Vec {
  const channel = (i: number) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }
  return [channel(1), channel(3), channel(5)]
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, bl] = linear(hex)
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl
  }
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

function apply(m: Matrix, v: Vec): Vec {
  const clamp = (c: number) => Math.min(1, Math.max(0, c))
  return m.map((row) => clamp(row[0] * v[0] + row[1] * v[1] + row[2] * v[2])) as Vec
}

/** Björn Ottosson's Oklab. */
function oklab([r, g, b]: Vec): Vec {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}
