import list from './examples.json'
import { defaults } from './words'
import { matcherOf, type Rule } from './rule'

export interface Example {
  before: string
  after: string
}

interface Known extends Example {
  /** None: what a path or key rule does to a whole value. */
  detector?: string
  action: string
}

// The browser tests send each of them and compare what is stored.
const known: readonly Known[] = list

/** What the rule does, on an example; null where none is known, as where its numbers are not the usual ones. */
export function exampleOf(r: Rule): Example | null {
  if (!usual(r)) return null
  if (r.action === 'drop' && matcherOf(r) !== 'detector') return null
  const fits = (e: Known) => e.detector === r.detector
  const found = known.find((e) => fits(e) && e.action === r.action)
  if (found !== undefined) return found
  const before =
    r.detector === undefined ? 'ada@example.com' : known.find((e) => fits(e) && e.action !== 'drop')?.before
  if (before === undefined) return null
  if (r.action === 'hash') return { before, after: 'h1_…' }
  if (r.action === 'tokenise') return { before, after: 't1_…' }
  return r.action === 'allow' ? { before, after: before } : null
}

function usual(r: Rule): boolean {
  return (['keep', 'places', 'width'] as const).every((p) => r[p] === undefined || r[p] === defaults[p])
}
