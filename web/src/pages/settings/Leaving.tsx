import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { offboardingKey, offboardingOptions, type Offboarding } from '../../api/lifecycle'
import { meKey, useMe } from '../../app/session'
import { formatBytes, formatNumber, unknown } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatAgo } from '../../time/format'
import { useView } from '../../view/useView'
import { copyName } from '../privacy/words'
import classes from './Settings.module.css'

/** The way out: everything is handed over and erased. For owners. */
export function Leaving() {
  const { data, error, refetch } = useQuery(offboardingOptions)
  if (error && data === undefined) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) {
    return (
      <Panel title="Leave and have everything erased">
        <SkeletonRows rows={2} />
      </Panel>
    )
  }
  return data === null || data.state === 'cancelled' ? <Leave /> : <Underway leaving={data} />
}

function Leave() {
  const { tenant } = useMe()
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const leave = useMutation({
    mutationFn: () => ask(api.POST('/v1/tenant/offboarding', { body: { name: tenant.name } })),
    onSuccess: async (leaving) => {
      client.setQueryData(offboardingKey, leaving)
      setAsking(false)
      await client.invalidateQueries({ queryKey: meKey })
    },
  })
  return (
    <section className={classes.danger} aria-labelledby="leaving">
      <h2 id="leaving">Leave and have everything erased</h2>
      <p>
        {tenant.name} is closed at once: no event is accepted, and no key works. You get one last export of everything.
        After a time of grace all of it is erased, from every place, and you get a signed certificate of that. Until
        then you can change your mind.
      </p>
      <Button variant="default" onClick={() => setAsking(true)}>
        Close {tenant.name}
      </Button>
      <ConfirmDelete
        opened={asking}
        onClose={() => {
          setAsking(false)
          leave.reset()
        }}
        title={`Close ${tenant.name}`}
        name={tenant.name}
        verb="Close it"
        onConfirm={() => leave.mutate()}
        pending={leave.isPending}
        error={leave.error}
      >
        <p className={classes.flat}>What goes, when the time of grace is over:</p>
        <ul className={classes.goes}>
          <li>every event, in the store, in quarantine and in the archive</li>
          <li>every profile, schema, rule, alert, check and dashboard</li>
          <li>every source and key</li>
        </ul>
        <p className={classes.flat}>
          <strong>From now on</strong> senders get an error: what they send meanwhile is not kept, also if you change
          your mind. The certificate is kept, and so is the record of invoices that the law asks for.
        </p>
      </ConfirmDelete>
    </section>
  )
}

const words: Record<Exclude<Offboarding['state'], 'cancelled'>, string> = {
  received: 'Closed; nothing is erased yet',
  barrier: 'Waiting for what is on its way, so that it is erased as well',
  deleting: 'Everything is being erased',
  verifying: 'Every place is being looked through again',
  completed: 'Everything is gone',
  completed_with_exceptions: 'Gone, with exceptions',
  failed: 'It failed',
}

function Underway({ leaving: l }: { leaving: Offboarding }) {
  const { tz } = useView()
  const { tenant } = useMe()
  const client = useQueryClient()
  const stay = useMutation({
    mutationFn: () => ask(api.DELETE('/v1/tenant/offboarding')),
    onSuccess: async (left) => {
      client.setQueryData(offboardingKey, left)
      await client.invalidateQueries({ queryKey: meKey })
    },
  })
  return (
    <section className={classes.danger} aria-labelledby="leaving">
      <h2 id="leaving">{tenant.name} is leaving</h2>
      <Sentence attention>{l.state === 'cancelled' ? 'Called off' : words[l.state]}</Sentence>
      {l.state === 'received' && (
        <p>
          Erasing begins {formatAgo(l.erase_at, new Date())}, on <Time at={l.erase_at} zone={tz} /> {tz}. Until then you
          can stay.
        </p>
      )}
      {l.waiting !== '' && <p className="quiet">Waiting for: {l.waiting}</p>}
      {l.error !== '' && <p>{l.error}</p>}
      <Facts
        facts={[
          [
            'Asked',
            <span key="a">
              <Time at={l.asked_at} zone={tz} /> by {l.asked_by}
            </span>,
          ],
          ['The last export', <LastExport key="e" leaving={l} />],
          ...(l.ended_at === null ? [] : [['Ended', <Time key="n" at={l.ended_at} zone={tz} />] as const]),
          ['ID', <CopyText key="i" value={l.id} what="the ID" />],
        ]}
      />
      {l.steps.length > 0 && <Steps leaving={l} />}
      <FormError error={stay.error} />
      {l.state === 'received' && (
        <Button variant="default" loading={stay.isPending} onClick={() => stay.mutate()}>
          Stay after all
        </Button>
      )}
    </section>
  )
}

function LastExport({ leaving: l }: { leaving: Offboarding }) {
  const { tz } = useView()
  if (!l.export.ready) return <>Being written; the owners get a mail with the link</>
  return (
    <>
      {formatBytes(l.export.bytes)}; the link was mailed to the owners
      {l.export.until !== null && (
        <>
          , and works until <Time at={l.export.until} zone={tz} />
        </>
      )}
    </>
  )
}

function Steps({ leaving: l }: { leaving: Offboarding }) {
  return (
    <TableScroll label="Place by place">
      <table>
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col" className="number">
              Before
            </th>
            <th scope="col" className="number">
              Left
            </th>
          </tr>
        </thead>
        <tbody>
          {l.steps.map((s) => (
            <tr key={s.copy}>
              <td>{copyName(s.copy)}</td>
              <td className="number">
                {formatNumber(s.before)} <span className="quiet">{s.unit}</span>
              </td>
              <td className="number">{s.after === null ? unknown : formatNumber(s.after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
