import type { Event } from '../../api/types'

/** The names of facts, as people say them. Those that are not among them are shown as they are. */
const names: Record<string, string> = {
  browser: 'Browser',
  os: 'System',
  device: 'Device',
  country: 'Country',
  region: 'Region',
  city: 'City',
  channel: 'Channel',
  referrer_domain: 'Came from',
  click_id: 'Click ID of',
  service: 'Service',
  stage: 'Stage',
  host: 'Host',
  session_new: 'Began the session',
}

/** Versions stand behind what they are of. */
const versions: Record<string, string> = {
  browser: 'browser_version',
  os: 'os_version',
  service: 'service_version',
}

/** What enrichment found out about an event, as names and texts in the order in which it was found. */
export function found(event: Event): [name: string, text: string][] {
  const shown = new Set(Object.values(versions))
  const rows: [string, string][] = Object.entries(event.facts)
    .filter(([name, value]) => value !== null && (!shown.has(name) || !hasOwner(event, name)))
    .map(([name, value]) => [names[name] ?? name, withVersion(event, name, textOf(value))])
  return [...(event.bot === '' ? [] : [['Bot', event.bot] as [string, string]]), ...rows]
}

/** Whether what a version is of is there, and shows it. */
function hasOwner(event: Event, version: string): boolean {
  return Object.entries(versions).some(([owner, v]) => v === version && event.facts[owner] !== undefined)
}

function withVersion(event: Event, name: string, text: string): string {
  const version = event.facts[versions[name] ?? '']
  return typeof version === 'string' ? `${text} ${version}` : text
}

function textOf(value: unknown): string {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
