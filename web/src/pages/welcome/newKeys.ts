import type { SignUpResult } from '../../api/types'

export type NewKeys = SignUpResult['api_keys']

/** Where the keys of a new organization wait to be shown: in memory, until the page is left or loaded again. */
export const newKeysKey = (tenant: string) => ['new-keys', tenant] as const
