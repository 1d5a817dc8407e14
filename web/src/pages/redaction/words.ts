import type { Action, Rule } from './rule'

/** What a detector finds, as people say it. */
const finds: Record<string, string> = {
  email: 'E-mail addresses',
  phone: 'Phone numbers',
  card: 'Card numbers',
  iban: 'Bank account numbers (IBAN)',
  national_id: 'National ID numbers',
  ipv4: 'IPv4 addresses',
  ipv6: 'IPv6 addresses',
  ip: 'IP addresses',
  jwt: 'JSON web tokens',
  api_key: 'API keys',
  bearer: 'Bearer tokens and passwords in URLs',
  coordinates: 'Coordinates',
}

export const detectorName = (name: string) => finds[name] ?? name

export const actionNames: Record<Action, string> = {
  drop: 'Drop',
  mask: 'Mask',
  hash: 'Hash',
  truncate: 'Truncate',
  generalise: 'Generalise',
  tokenise: 'Tokenise',
  allow: 'Allow',
}

export const actionMeanings: Record<Action, string> = {
  drop: 'Taken out. A part of a text becomes [redacted].',
  mask: 'Stars, but for the last characters. Of an e-mail address the domain stays.',
  hash: 'A pseudonym, the same for the same text: it can be counted and joined, and not undone.',
  truncate: 'Less exact: an IP address becomes its network, a number has fewer decimals.',
  generalise: 'A number becomes a band such as 30-39, a date its year.',
  tokenise: 'A token that owners and admins can reveal.',
  allow: 'Stays as it is, and no rule below looks at it: for exceptions.',
}

export const defaults = { keep: 4, places: 2, width: 10 } as const

/** What becomes of what a rule matches: "masked, the last 4 characters stay". */
export function actionWords(r: Rule): string {
  switch (r.action) {
    case 'drop':
      return 'taken out'
    case 'mask':
      return r.keep === undefined ? 'masked' : r.keep === 0 ? 'masked whole' : `masked, the last ${r.keep} stay`
    case 'hash':
      return 'replaced by a pseudonym'
    case 'truncate':
      return r.places === undefined ? 'made less exact' : `made less exact, ${r.places} decimals stay`
    case 'generalise':
      return `put into bands of ${r.width ?? defaults.width}`
    case 'tokenise':
      return 'replaced by a token'
    case 'allow':
      return 'left as it is'
  }
}
