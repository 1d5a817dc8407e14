import type { Quota, QuotaHeld, QuotaWarning } from '../../../api/billing'
import { formatNumber } from '../../../numbers/format'
import { dayOfMonth } from '../words'

export const heldReasons: Record<QuotaHeld['reason'], string> = {
  over_quota: 'Beyond the limit',
  unpaid: 'An invoice is unpaid',
}

/** What becomes of events beyond the limit. */
export function beyondWords(limit: NonNullable<Quota['limit']>): string {
  return limit.then === 'overage'
    ? 'What is beyond is stored, and paid for.'
    : `What is beyond is held for ${limit.keep_days} days, and stored when you upgrade.`
}

/** When the limit is reached, if things go on: "You will reach it on the 23rd." Null where that is not this month, or is so already. */
export function reachWords(q: Pick<Quota, 'used' | 'limit' | 'forecast'>): string | null {
  if (q.limit === undefined || q.used >= q.limit.events) return null
  const at = q.forecast?.reached_at
  return at === undefined ? null : `You will reach it on ${dayOfMonth(at)}.`
}

/** What people were told. */
export function noticeWords(w: QuotaWarning): string {
  const used = `${formatNumber(w.used)} of ${formatNumber(w.events)} events`
  switch (w.notice) {
    case 'half':
      return `Half of the limit is used: ${used}`
    case 'most':
      return `80% of the limit is used: ${used}`
    case 'reached':
      return `The limit is reached: ${used}`
    case 'forecast':
      return w.day === undefined
        ? `It will be reached this month, as it looked then: ${used}`
        : `It will be reached on ${dayOfMonth(w.day)}, as it looked then: ${used}`
    case 'expiring':
      return w.day === undefined
        ? 'Held events begin to go for good'
        : `Held events go for good from ${dayOfMonth(w.day)} on`
  }
}
