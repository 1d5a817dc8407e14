import type { EventStatus, LedgerCounts } from '../../api/types'
import type { Tokens } from '../../theme/tokens'

/** The ways that an event can end, in the order of the conservation ledger. */
export const ends = [
  'stored',
  'duplicate',
  'quarantined',
  'suppressed',
  'held',
] as const satisfies readonly (keyof LedgerCounts & EventStatus)[]
export type End = (typeof ends)[number]

export const statusNames: Record<EventStatus, string> = {
  pending: 'Pending',
  stored: 'Stored',
  duplicate: 'Duplicate',
  quarantined: 'Quarantined',
  suppressed: 'Suppressed',
  held: 'Held',
}

export const statusMeanings: Record<EventStatus, string> = {
  pending: 'Acknowledged and durable, on its way to the store.',
  stored: 'In the store, in every number.',
  duplicate: 'An event with this event_id was there already. Counted once.',
  quarantined: 'It broke a rule. Set aside with the reason, in no number.',
  suppressed: 'Of a person who was erased or suppressed. Not stored.',
  held: 'Not to be used for now, as its person wants it, or because nobody could tell. Kept aside, not lost.',
}

export function statusColor(status: EventStatus, t: Tokens): string {
  switch (status) {
    case 'stored':
      return t.series[0] ?? t.text
    case 'duplicate':
      return t.series[7] ?? t.muted
    case 'quarantined':
      return t.attention
    case 'suppressed':
      return t.series[2] ?? t.text
    case 'held':
      return t.series[5] ?? t.text
    case 'pending':
      return t.muted
  }
}

/** What the ends leave unexplained of what was received: not 0 is loss, or double counting. */
export function imbalance(c: LedgerCounts): number {
  return c.received - ends.reduce((sum, e) => sum + c[e], 0)
}
