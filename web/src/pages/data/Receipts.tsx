import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ReceiptText } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { isApiError } from '../../api/errors'
import { receiptOptions, sourcesOptions } from '../../api/queries'
import type { Receipt } from '../../api/types'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Prose } from '../../parts/Prose'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { DataPage } from './DataPage'
import { Counts, Status } from './ReceiptSummary'
import classes from './Receipts.module.css'

/** What became of a batch, event by event. */
export default function Receipts() {
  const { id } = useParams()
  const navigate = useNavigate()
  return (
    <DataPage
      title="Receipts"
      lead="Every accepted batch has a receipt. It tells what became of each of its events, and is kept for 30 days."
    >
      <LookUp
        key={id ?? ''}
        initial={id ?? ''}
        onLookUp={(found) => void navigate(`/data/receipts/${encodeURIComponent(found)}`)}
      />
      {id === undefined ? (
        <Panel label="Receipt">
          <Empty title="Look up a receipt" icon={<ReceiptText size={36} strokeWidth={1.4} />}>
            Its ID is in the answer to every batch of events, as <span className="mono">receipt</span>, and on the page
            of every event.
          </Empty>
        </Panel>
      ) : (
        <Found id={id} />
      )}
    </DataPage>
  )
}

function LookUp({ initial, onLookUp }: { initial: string; onLookUp: (id: string) => void }) {
  const [id, setId] = useState(initial)
  return (
    <form
      className={classes.lookUp}
      onSubmit={(e) => {
        e.preventDefault()
        if (id.trim() !== '') onLookUp(id.trim())
      }}
    >
      <TextInput
        aria-label="ID of the receipt"
        placeholder="ID of the receipt"
        value={id}
        onChange={(e) => setId(e.currentTarget.value)}
        maxLength={128}
        className={classes.lookUpInput}
        spellCheck={false}
      />
      <Button type="submit">Look up</Button>
    </form>
  )
}

function Found({ id }: { id: string }) {
  const { data: receipt, error, refetch } = useQuery(receiptOptions(id))
  if (isApiError(error) && error.status === 404) {
    return (
      <Panel label="Receipt">
        <Empty title="No such receipt">{error.message}</Empty>
      </Panel>
    )
  }
  if (error && !receipt) return <ErrorNote error={error} retry={() => void refetch()} />
  if (receipt === undefined) {
    return (
      <Panel label="Receipt">
        <SkeletonRows />
      </Panel>
    )
  }
  return <Shown receipt={receipt} />
}

const firstShown = 200

function Shown({ receipt }: { receipt: Receipt }) {
  const { tz } = useView()
  const { data: sources = [] } = useQuery(sourcesOptions)
  const [all, setAll] = useState(false)
  const events = all ? receipt.events : receipt.events.slice(0, firstShown)
  return (
    <>
      <Panel
        title={receipt.status === 'pending' ? 'Pending' : 'Settled'}
        note={
          receipt.status === 'pending'
            ? 'Acknowledged and durable, on its way to the store. This page asks again by itself.'
            : undefined
        }
      >
        <Counts receipt={receipt} />
        <Facts
          facts={[
            ['Receipt', <CopyText key="r" value={receipt.receipt} what="the receipt's ID" />],
            ['Received', <Time key="t" at={receipt.received_at} zone={tz} exact />],
            ['Source', sources.find((s) => s.id === receipt.source_id)?.name ?? receipt.source_id ?? ''],
            [
              'Correlation ID',
              receipt.correlation_id && <CopyText key="c" value={receipt.correlation_id} what="the correlation ID" />,
            ],
          ]}
        />
      </Panel>
      <Panel title="Its events" flush>
        <TableScroll label="Events of the receipt">
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  Place
                </th>
                <th scope="col">Event ID</th>
                <th scope="col">Status</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {events.map((e) => (
                <tr key={e.index}>
                  <td className="number">{e.index + 1}</td>
                  <td className="mono">
                    {e.event_id === '' ? (
                      '–'
                    ) : e.status === 'stored' || e.status === 'duplicate' ? (
                      <Link to={`/events/${encodeURIComponent(e.event_id)}`}>{e.event_id}</Link>
                    ) : (
                      e.event_id
                    )}
                  </td>
                  <td>
                    <Status status={e.status} />
                  </td>
                  <td>
                    <Prose>{e.message ?? ''}</Prose> {e.code !== undefined && <code className="quiet">{e.code}</code>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
        {!all && receipt.events.length > firstShown && (
          <div className={classes.more}>
            <Button variant="default" onClick={() => setAll(true)}>
              Show all {receipt.events.length}
            </Button>
          </div>
        )}
      </Panel>
    </>
  )
}
