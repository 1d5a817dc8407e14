import { Button, Drawer } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { quarantineOptions, sourcesOptions } from '../../api/queries'
import type { QuarantinedEvent } from '../../api/types'
import { CodeBlock, CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Prose } from '../../parts/Prose'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { DataPage } from './DataPage'
import classes from './Quarantine.module.css'

/** Which events could not be accepted, and why. */
export default function Quarantine() {
  const { tz } = useView()
  const answer = useInfiniteQuery(quarantineOptions)
  const [open, setOpen] = useState<QuarantinedEvent | null>(null)
  const events = answer.data?.pages.flatMap((p) => p.events) ?? []
  return (
    <DataPage
      title="Quarantine"
      lead="Events that broke a rule: kept as they were sent, in no number, newest first. The good events of the same batch were stored."
    >
      <Panel label="Quarantined events" flush>
        {answer.error && !answer.data ? (
          <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
        ) : answer.data === undefined ? (
          <SkeletonRows />
        ) : events.length === 0 ? (
          <Empty title="Nothing in quarantine" icon={<ShieldCheck size={36} strokeWidth={1.4} />}>
            Every event that was received could be read. One that cannot, because its time is out of range, say, shows
            here with the reason, and its sender is told as well.
          </Empty>
        ) : (
          <>
            <TableScroll label="Quarantined events">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Received ({tz})</th>
                    <th scope="col">Event</th>
                    <th scope="col">Cause</th>
                    <th scope="col">What to do</th>
                  </tr>
                </thead>
                <tbody>
                  {events.map((e) => (
                    <tr key={`${e.receipt} ${e.index}`}>
                      <td className={classes.time}>
                        <Time at={e.received_at} zone={tz} />
                      </td>
                      <td>
                        <button type="button" className={classes.open} onClick={() => setOpen(e)}>
                          {e.event === '' ? 'No name' : e.event}
                        </button>
                      </td>
                      <td>
                        <code className={classes.code}>{e.code}</code>
                      </td>
                      <td>
                        <Prose>{e.message}</Prose>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableScroll>
            {answer.hasNextPage && (
              <div className={classes.more}>
                <Button
                  variant="default"
                  loading={answer.isFetchingNextPage}
                  onClick={() => void answer.fetchNextPage()}
                >
                  Show older events
                </Button>
              </div>
            )}
          </>
        )}
      </Panel>
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        size="lg"
        title={open?.code ?? 'Quarantined event'}
      >
        {open !== null && <Quarantined event={open} zone={tz} />}
      </Drawer>
    </DataPage>
  )
}

function Quarantined({ event: e, zone }: { event: QuarantinedEvent; zone: string }) {
  const { data: sources = [] } = useQuery(sourcesOptions)
  return (
    <div className={classes.detail}>
      <p>
        <Prose>{e.message}</Prose>
      </p>
      <Facts
        facts={[
          ['Received', <Time key="t" at={e.received_at} zone={zone} exact />],
          ['Event', e.event],
          ['Event ID', e.event_id && <CopyText key="e" value={e.event_id} what="the event ID" />],
          ['Source', sources.find((s) => s.id === e.source_id)?.name ?? e.source_id],
          ['Correlation ID', <CopyText key="c" value={e.correlation_id} what="the correlation ID" />],
          [
            'Receipt',
            <Link key="r" to={`/data/receipts/${encodeURIComponent(e.receipt)}`} className="mono">
              {e.receipt}
            </Link>,
          ],
          ['Place in the batch', e.index + 1],
        ]}
      />
      <h3 className={classes.heading}>As it was sent</h3>
      <CodeBlock code={pretty(e.payload)} what="the event as it was sent" wrap />
    </div>
  )
}

/** JSON is laid out; what is none is shown as it came. */
function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}
