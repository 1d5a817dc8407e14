/** How a new version has to get on with those before it, in plain words. */
export interface Level {
  value: string
  name: string
  /** What it promises. */
  meaning: string
  /** What may be done under it. */
  allows: string
}

export const levels: readonly Level[] = [
  {
    value: 'BACKWARD',
    name: 'Backward',
    meaning: 'Events of the version before can be read with the new one.',
    allows: 'Take properties away, add optional ones. Update whoever reads first, then the senders.',
  },
  {
    value: 'BACKWARD_TRANSITIVE',
    name: 'Backward, all versions',
    meaning: 'Events of every earlier version can be read with the new one.',
    allows: 'Take properties away, add optional ones. Senders of any age can go on sending.',
  },
  {
    value: 'FORWARD',
    name: 'Forward',
    meaning: 'Events of the new version can be read with the one before.',
    allows: 'Add properties, take optional ones away. Update the senders first.',
  },
  {
    value: 'FORWARD_TRANSITIVE',
    name: 'Forward, all versions',
    meaning: 'Events of the new version can be read with every earlier one.',
    allows: 'Add properties, take optional ones away. Whoever reads with an old version can go on reading.',
  },
  {
    value: 'FULL',
    name: 'Full',
    meaning: 'The new version and the one before can read each other’s events.',
    allows: 'Add and take away optional properties only. Update in any order.',
  },
  {
    value: 'FULL_TRANSITIVE',
    name: 'Full, all versions',
    meaning: 'All versions can read each other’s events.',
    allows: 'Add and take away optional properties only. The strictest.',
  },
  { value: 'NONE', name: 'None', meaning: 'Versions are not compared.', allows: 'Everything is taken.' },
]

export function levelOf(value: string): Level {
  return levels.find((l) => l.value === value) ?? { value, name: value, meaning: '', allows: '' }
}
