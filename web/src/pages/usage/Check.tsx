import { Button, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { CircleCheck, Scale, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { disputesOptions, type ComparedReceipt, type Disputed } from '../../api/billing'
import { maySeeBilling } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, plural, unknown } from '../../numbers/format'
import { More } from '../../parts/More'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { ends, statusNames } from '../data/statuses'
import classes from './Check.module.css'
import { findReceipts } from './receipts'
import { UsagePage } from './UsagePage'
import { freeNames } from './words'

/** The most receipts that are compared at once. */
const most = 100

/** What senders were told, against what was billed. */
export default function Check() {
  const me = useMe()
  return (
    <UsagePage
      title="Check"
      lead="Compare what your senders were told with what you were billed. Each receipt is counted again in the store."
    >
      {maySeeBilling(me.role) && <Content />}
    </UsagePage>
  )
}

function Content() {
  const [params, setParams] = useSearchParams()
  const about = askedFor(params)
  const ask = (next: Disputed) =>
    setParams((now) => {
      const p = new URLSearchParams(now)
      for (const key of ['receipt', 'since', 'until']) p.delete(key)
      if ('receipts' in next) for (const r of next.receipts) p.append('receipt', r)
      else {
        p.set('since', next.from)
        p.set('until', next.to)
      }
      return p
    })
  return (
    <>
      <Question about={about} onAsk={ask} />
      {about === null ? (
        <Panel label="Result">
          <Empty title="Nothing is compared yet" icon={<Scale size={36} strokeWidth={1.4} />}>
            Paste receipts, or answers of the API as your senders logged them. Or choose a time, and all receipts of it
            are compared.
          </Empty>
        </Panel>
      ) : (
        <Result key={JSON.stringify(about)} about={about} />
      )}
    </>
  )
}

/** What the address asks for: at once where it came from a link. */
function askedFor(params: URLSearchParams): Disputed | null {
  const receipts = params.getAll('receipt')
  if (receipts.length > 0) return { receipts: receipts.slice(0, most) }
  const [from, to] = [params.get('since'), params.get('until')]
  return from !== null && to !== null ? { from, to } : null
}

function Question({ about, onAsk }: { about: Disputed | null; onAsk: (about: Disputed) => void }) {
  const [by, setBy] = useState<'receipts' | 'time'>(about !== null && 'from' in about ? 'time' : 'receipts')
  return (
    <Panel
      title="What to compare"
      actions={
        <SegmentedControl
          size="xs"
          value={by}
          onChange={setBy}
          data={[
            { value: 'receipts', label: 'Receipts' },
            { value: 'time', label: 'A time' },
          ]}
          aria-label="What to compare"
        />
      }
    >
      {by === 'receipts' ? <ByReceipts about={about} onAsk={onAsk} /> : <ByTime about={about} onAsk={onAsk} />}
    </Panel>
  )
}

interface AskProps {
  about: Disputed | null
  onAsk: (about: Disputed) => void
}

function ByReceipts({ about, onAsk }: AskProps) {
  const [text, setText] = useState(about !== null && 'receipts' in about ? about.receipts.join('\n') : '')
  const { receipts, repeated } = findReceipts(text)
  const many = receipts.length > most
  const said = [
    text.trim() !== '' && `${plural(receipts.length, 'receipt')} found in it.`,
    repeated > 0 && `${plural(repeated, 'repetition')} left out.`,
  ].filter(Boolean)
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault()
        if (receipts.length > 0 && !many) onAsk({ receipts })
      }}
    >
      <Textarea
        label="Receipts"
        description={`Up to ${most}, in whatever text they stand: a column of them, JSON, a log.`}
        placeholder="rcp_…"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        autosize
        minRows={3}
        maxRows={10}
        spellCheck={false}
        classNames={{ input: classes.mono ?? '' }}
        error={many && `That are ${formatNumber(receipts.length)}: compare at most ${most} at once, or choose a time.`}
      />
      <div className={classes.go}>
        <Button type="submit" disabled={receipts.length === 0 || many}>
          Compare
        </Button>
        <span className="quiet" role="status">
          {said.join(' ')}
        </span>
      </div>
    </form>
  )
}

const longest = 31 * 86_400_000

function ByTime({ about, onAsk }: AskProps) {
  const { tz } = useView()
  const given = about !== null && 'from' in about ? about : null
  const [from, setFrom] = useState(() => minuteOf(given?.from ?? new Date(Date.now() - 3_600_000).toISOString()))
  const [to, setTo] = useState(() => minuteOf(given?.to ?? new Date(Date.now() + 60_000).toISOString()))
  const [start, end] = [Date.parse(`${from}Z`), Date.parse(`${to}Z`)]
  const fault =
    Number.isNaN(start) || Number.isNaN(end)
      ? 'Give both.'
      : end <= start
        ? 'The end must be after the beginning.'
        : end - start > longest
          ? 'At most 31 days.'
          : null
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault()
        if (fault === null) onAsk({ from: new Date(start).toISOString(), to: new Date(end).toISOString() })
      }}
    >
      <div className={classes.times}>
        <TextInput
          type="datetime-local"
          label="Received from (UTC)"
          value={from}
          onChange={(e) => setFrom(e.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label="Received before (UTC)"
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          error={fault}
        />
      </div>
      <div className={classes.go}>
        <Button type="submit" disabled={fault !== null}>
          Compare
        </Button>
        {tz !== 'UTC' && <span className="quiet">Hours are billed in UTC, so the time is asked for in UTC.</span>}
      </div>
    </form>
  )
}

const minuteOf = (at: string) => new Date(at).toISOString().slice(0, 16)

function Result({ about }: { about: Disputed }) {
  const answer = useInfiniteQuery(disputesOptions(about))
  if (answer.error && !answer.data) return <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
  const receipts = answer.data?.pages.flatMap((p) => p.receipts)
  if (receipts === undefined) {
    return (
      <Panel label="Result">
        <SkeletonRows rows={6} />
      </Panel>
    )
  }
  if (receipts.length === 0) {
    return (
      <Panel label="Result">
        <Empty title="No receipt" icon={<Scale size={36} strokeWidth={1.4} />}>
          {'receipts' in about
            ? 'None of these is a receipt of this organization, or they are older than receipts are kept.'
            : 'Nothing was received in this time.'}
        </Empty>
      </Panel>
    )
  }
  return (
    <Panel label="Result" lead={<Verdict receipts={receipts} more={answer.hasNextPage} />} flush>
      <Compared receipts={receipts} />
      <More answer={answer}>Compare more receipts</More>
    </Panel>
  )
}

/** The answer: whether anything differs. */
function Verdict({ receipts, more }: { receipts: readonly ComparedReceipt[]; more: boolean }) {
  const off = receipts.filter((r) => r.differences.length > 0).length
  const waiting = receipts.filter((r) => !r.settled).length
  const billed = receipts.reduce((n, r) => n + r.billed, 0)
  const received = receipts.reduce((n, r) => n + r.told.received, 0)
  const Icon = off === 0 ? CircleCheck : TriangleAlert
  return (
    <div className={classes.verdict} data-off={off > 0}>
      <Icon size={26} aria-hidden="true" />
      <div>
        <h2>
          {off === 0
            ? receipts.length === 1
              ? 'What was told is what was billed'
              : `What was told is what was billed, for all ${formatNumber(receipts.length)} receipts`
            : `${formatNumber(off)} of ${plural(receipts.length, 'receipt')} ${off === 1 ? 'differs' : 'differ'}`}
        </h2>
        <p>
          {formatNumber(billed)} of {plural(received, 'received event')} count as usage; the others cost nothing.
          {waiting > 0 && ` ${plural(waiting, 'receipt')} ${waiting === 1 ? 'is' : 'are'} still on the way.`}
          {more && ' There are more receipts than are compared so far.'}
        </p>
      </div>
    </div>
  )
}

function Compared({ receipts }: { receipts: readonly ComparedReceipt[] }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <TableScroll label="Compared receipts">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Receipt, received ({tz})</th>
            <th scope="col">The sender was told</th>
            <th scope="col" className="number">
              In the store
            </th>
            <th scope="col" className="number">
              Billed
            </th>
            <th scope="col">Free, and why</th>
            <th scope="col">Billed in (UTC)</th>
          </tr>
        </thead>
        <tbody>
          {receipts.map((r) => (
            <tr key={r.receipt} data-off={r.differences.length > 0}>
              <td>
                <Link to={`/data/receipts/${encodeURIComponent(r.receipt)}`} className={`mono ${classes.receipt}`}>
                  {r.receipt}
                </Link>
                <div className="quiet">
                  <Time at={r.received_at} zone={tz} exact />
                </div>
                {r.differences.map((d) => (
                  <div key={d} className={classes.difference}>
                    <TriangleAlert size={14} aria-hidden="true" /> {d}
                  </div>
                ))}
              </td>
              <td>
                {ends
                  .filter((e) => r.told[e] > 0)
                  .map((e) => `${formatNumber(r.told[e])} ${statusNames[e].toLowerCase()}`)
                  .join(', ') || unknown}
                {!r.settled && <div className="quiet">Still on its way</div>}
              </td>
              <td className="number">{formatNumber(r.in_store)}</td>
              <td className="number">
                <strong>{formatNumber(r.billed)}</strong>
              </td>
              <td>
                {r.free.map((f) => `${formatNumber(f.events)} ${freeNames[f.reason].toLowerCase()}`).join(', ') ||
                  unknown}
              </td>
              <td>
                {r.hours.length === 0 && unknown}
                {r.hours.map((h) => (
                  <div key={`${h.hour} ${h.line_id ?? ''}`} className={classes.hour}>
                    {h.hour.slice(0, 10)} {h.hour.slice(11, 16)}{' '}
                    {h.invoice_id === undefined ? (
                      <span className="quiet">not invoiced yet</span>
                    ) : (
                      <Link to={lineLink(travel(`/usage/invoices/${h.invoice_id}`), h)}>
                        {h.number ?? 'This month'}
                      </Link>
                    )}
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

/** The invoice, with the line open at the hour. */
function lineLink(invoice: string, { line_id, hour }: { line_id?: string; hour: string }): string {
  if (line_id === undefined) return invoice
  const open = new URLSearchParams({ line: line_id, day: hour.slice(0, 10), hour }).toString()
  return `${invoice}${invoice.includes('?') ? '&' : '?'}${open}`
}
