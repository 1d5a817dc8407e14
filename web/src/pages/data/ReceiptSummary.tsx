import { Badge, Skeleton, useComputedColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { receiptOptions } from '../../api/queries'
import type { EventStatus, Receipt } from '../../api/types'
import { formatNumber } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { tokens } from '../../theme/tokens'
import { isApiError } from '../../api/errors'
import { ends, statusColor, statusMeanings, statusNames } from './statuses'
import classes from './Receipts.module.css'

/** What became of the batch that an event came in. */
export function ReceiptSummary({ id, eventId }: { id: string; eventId: string }) {
  const { data: receipt, error, refetch } = useQuery(receiptOptions(id))
  return (
    <Panel title="Receipt" note="What became of the batch that this event came in.">
      {isApiError(error) && error.status === 404 ? (
        <p className="quiet">Receipts are kept for 30 days; this one is gone. The event is not.</p>
      ) : error && !receipt ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : receipt === undefined ? (
        <Skeleton height={60} />
      ) : (
        <>
          <p className={classes.this}>
            This event: <Status status={receipt.events.find((e) => e.event_id === eventId)?.status ?? 'stored'} />
          </p>
          <Counts receipt={receipt} />
          <Link to={`/data/receipts/${encodeURIComponent(id)}`}>The whole receipt</Link>
        </>
      )}
    </Panel>
  )
}

/** A status in its colour, with its name and meaning. */
export function Status({ status }: { status: EventStatus }) {
  const t = tokens[useComputedColorScheme('dark')]
  return (
    <span className={classes.status} title={statusMeanings[status]}>
      <i style={{ background: statusColor(status, t) }} aria-hidden="true" />
      {statusNames[status]}
    </span>
  )
}

/** The counts of a receipt; of the ways to end only those that were taken. */
export function Counts({ receipt }: { receipt: Receipt }) {
  const { counts } = receipt
  return (
    <div className={classes.counts}>
      <Badge variant="default" tt="none" fw={500} size="lg">
        {formatNumber(counts.received)} received
      </Badge>
      {(['pending', ...ends] as const)
        .filter((s) => counts[s] > 0)
        .map((s) => (
          <Badge key={s} variant="default" tt="none" fw={500} size="lg" leftSection={<Dot status={s} />}>
            {formatNumber(counts[s])} {statusNames[s].toLowerCase()}
          </Badge>
        ))}
    </div>
  )
}

function Dot({ status }: { status: EventStatus }) {
  const t = tokens[useComputedColorScheme('dark')]
  return <i className={classes.dot} style={{ background: statusColor(status, t) }} aria-hidden="true" />
}
