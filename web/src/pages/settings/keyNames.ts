import type { APIKey, Environment, KeyKind, Scope, SourceKind } from '../../api/types'

export const kindNames: Record<KeyKind, string> = { publishable: 'Publishable', secret: 'Secret' }

export const kindUses: Record<KeyKind, string> = {
  publishable: 'For web pages and apps. It can send events and nothing else.',
  secret: 'For servers. Never put it into a page.',
}

export const sourceKindNames: Record<SourceKind, string> = { site: 'Site', app: 'App', sensor: 'Sensor' }

export const environmentNames: Record<Environment, string> = {
  production: 'Production',
  staging: 'Staging',
  development: 'Development',
}

export const scopeNames: Record<Scope, string> = {
  'events:write': 'Send events',
  'query:read': 'Read events and numbers',
  'schemas:read': 'Look up schemas',
  'schemas:write': 'Change schemas and data policies',
  'privacy:write': 'File data-subject requests',
  'billing:read': 'Read usage and invoices',
  admin: 'Manage sources, keys and members',
}

export const stateNames: Record<APIKey['state'], string> = {
  active: 'Active',
  expiring: 'Expiring',
  expired: 'Expired',
  revoked: 'Revoked',
}

export const isGone = (key: APIKey) => key.state === 'revoked' || key.state === 'expired'

/** Origins as they are typed, one a line or with commas between. */
export function parseOrigins(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((o) => o.trim())
    .filter(Boolean)
}
