/** A rule of redaction. Exactly one of path, key and detector is there. */
export interface Rule {
  name: string
  path?: string
  key?: string
  detector?: string
  action: Action
  /** mask: how many of the last characters stay, 0 to 8. */
  keep?: number
  /** truncate: decimal places that stay, 0 to 6. */
  places?: number
  /** generalise: the width of a band, 2 to 1000. */
  width?: number
}

export type Action = 'drop' | 'mask' | 'hash' | 'truncate' | 'generalise' | 'tokenise' | 'allow'
export type Matcher = 'detector' | 'key' | 'path'

export const actions: readonly Action[] = ['drop', 'mask', 'hash', 'truncate', 'generalise', 'tokenise', 'allow']

export function matcherOf(r: Rule): Matcher {
  return r.detector !== undefined ? 'detector' : r.key !== undefined ? 'key' : 'path'
}
