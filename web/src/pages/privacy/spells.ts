import type { PrivacyRequestDetails } from '../../api/privacy'

type Moment = PrivacyRequestDetails['timeline'][number]

/** Moments that follow on each other in one state, by one actor. */
export interface Spell {
  first: Moment
  entries: Moment[]
}

export function inSpells(moments: readonly Moment[]): Spell[] {
  const spells: Spell[] = []
  for (const m of moments) {
    const last = spells.at(-1)
    if (last?.first.state === m.state && last.first.actor === m.actor) last.entries.push(m)
    else spells.push({ first: m, entries: [m] })
  }
  return spells
}
