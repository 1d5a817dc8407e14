import type { PrivacyPerson } from '../../api/privacy'

/** An ID or value by which somebody goes. */
export interface Name {
  by: string
  value: string
}

// As redaction writes hashes and tokens in place of what was sent.
const isRedacted = (value: string) => /^[ht]\d+_[a-z2-7]{20,}$/.test(value)

/**
 * The names of a person but the one that was given, each once however many properties it stands in, and how many forms there are besides in
 * which redaction may have stored them.
 */
export function namesOf(p: PrivacyPerson): { others: Name[]; redacted: number } {
  const all: Name[] = [
    ...p.user_ids.filter((id) => id !== p.given.user_id).map((value) => ({ by: 'User', value })),
    ...p.anonymous_ids.filter((id) => id !== p.given.anonymous_id).map((value) => ({ by: 'Anonymous', value })),
  ]
  const places = new Map<string, string[]>()
  for (const s of p.properties) {
    const value = s.value ?? s.email ?? ''
    if (value === p.given.value && s.property === p.given.property) continue
    places.set(value, [...(places.get(value) ?? []), s.property ?? 'E-mail'])
  }
  for (const [value, paths] of places) {
    // An address that was given is looked for in every property where one may stand: that goes without saying.
    if (value !== p.given.email) all.push({ by: paths.join(', '), value })
  }
  const others = all.filter((n) => !isRedacted(n.value))
  return { others, redacted: all.length - others.length }
}
