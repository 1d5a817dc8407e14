import type { MinimisationReport } from '../../../api/lifecycle'

/** How many properties there are, how many of them nobody used in that time, and the room that these take. */
export function sumUp(report: Pick<MinimisationReport, 'events'>): {
  properties: number
  unused: number
  bytes: number
} {
  const all = report.events.flatMap((e) => e.properties)
  const unused = all.filter((p) => p.action !== 'none')
  return { properties: all.length, unused: unused.length, bytes: unused.reduce((n, p) => n + p.bytes, 0) }
}
