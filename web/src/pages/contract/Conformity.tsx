import { Skeleton } from '@mantine/core'
import { formatNumber, formatShare, unknown } from '../../numbers/format'
import { Meter } from '../../parts/Meter'
import classes from './Contract.module.css'
import type { Conformity } from './useConformity'

/** How well an event keeps to the contract: how much was set aside, and how much was stored and does not fit. */
export function ConformityCell({ event, conformity }: { event: string; conformity: (event: string) => Conformity }) {
  const { setAside, marked } = conformity(event)
  return (
    <>
      <td>
        <Share part={setAside} what="received in the last 7 days" />
      </td>
      <td>
        <Share part={marked} what="of the newest that were stored" />
      </td>
    </>
  )
}

function Share({ part, what }: { part: Conformity['marked']; what: string }) {
  if (part === undefined) return <Skeleton height={16} width={64} />
  if (part === null || part.of === 0) return <span className="quiet">{unknown}</span>
  const share = part.events / part.of
  return (
    <span
      className={classes.share}
      data-some={part.events > 0}
      title={`${formatNumber(part.events)} of ${formatNumber(part.of)} ${what}`}
    >
      <Meter share={part.events > 0 ? Math.max(share, 0.04) : 0} tone="attention" />
      {formatShare(share)} <span className="quiet">{formatNumber(part.events)}</span>
    </span>
  )
}
