import { More } from '../../parts/More'
import { Button } from '@mantine/core'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { CircleCheck, ShieldCheck, TriangleAlert } from 'lucide-react'
import { api, ask } from '../../api/client'
import { auditOptions } from '../../api/queries'
import type { AuditEntry } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { Copy, CopyText } from '../../parts/Copy'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { SettingsPage } from './SettingsPage'
import classes from './Settings.module.css'

/** Who changed what and when, and whether the record of it is still whole. */
export default function Audit() {
  const me = useMe()
  const verify = useMutation({ mutationFn: () => ask(api.GET('/v1/audit/verification')) })
  const allowed = mayManage(me.role)
  return (
    <SettingsPage
      title="Audit log"
      lead="Every change to this organization: who, what and when. Each entry carries the hash of the one before, so none can be changed unnoticed."
      actions={
        allowed && (
          <Button
            variant="default"
            leftSection={<ShieldCheck size={16} />}
            loading={verify.isPending}
            onClick={() => verify.mutate()}
          >
            Verify
          </Button>
        )
      }
    >
      <FormError error={verify.error} />
      {verify.data && <Verdict {...verify.data} />}
      {allowed ? (
        <Entries />
      ) : (
        <Panel label="Audit log">
          <Empty title="For owners and admins">
            Your role does not allow to read the audit log. Ask an owner or admin of {me.tenant.name}.
          </Empty>
        </Panel>
      )}
    </SettingsPage>
  )
}

function Verdict({
  ok,
  entries,
  head,
  broken_at,
}: {
  ok: boolean
  entries: number
  head: string
  broken_at: number | null
}) {
  return (
    <div className={classes.verified} role="status">
      {ok ? <CircleCheck size={18} aria-hidden="true" /> : <TriangleAlert size={18} aria-hidden="true" />}
      <div>
        {ok ? (
          <>
            All {plural(entries, 'entry', 'entries')} are as they were written. Note the newest hash down, to prove
            later that nothing before it was changed:
          </>
        ) : (
          <>
            <strong>Entry {broken_at} is not as it was written.</strong> It or one before it was changed. Tell your
            operator.
          </>
        )}
        <div>
          <CopyText value={head} what="the newest hash" />
        </div>
      </div>
    </div>
  )
}

function Entries() {
  const { tz } = useView()
  const answer = useInfiniteQuery(auditOptions)
  if (answer.error && !answer.data) return <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
  return (
    <Panel label="Entries" flush>
      {answer.data === undefined ? (
        <SkeletonRows />
      ) : (
        <TableScroll label="Entries of the audit log">
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  No.
                </th>
                <th scope="col">Time ({tz})</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Details</th>
                <th scope="col">Correlation ID</th>
              </tr>
            </thead>
            <tbody>
              {answer.data.pages
                .flatMap((p) => p.entries)
                .map((e) => (
                  <Entry key={e.seq} entry={e} zone={tz} />
                ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      <More answer={answer}>Show older entries</More>
    </Panel>
  )
}

function Entry({ entry: e, zone }: { entry: AuditEntry; zone: string }) {
  return (
    <tr>
      <td className="number">{e.seq}</td>
      <td className={classes.oneLine}>
        <Time at={e.at} zone={zone} />
      </td>
      <td>
        {e.actor.kind === 'system'
          ? `System${e.actor.label === '' ? '' : `: ${e.actor.label}`}`
          : e.actor.label || e.actor.id}
      </td>
      <td>
        <strong className={`mono ${classes.oneLine}`}>{e.action}</strong>
      </td>
      <td className={classes.details}>
        {Object.entries(e.details)
          .filter(([, v]) => v !== '' && v !== null)
          .map(([k, v]) => (
            <span key={k}>
              <span className="quiet">{k}</span> {typeof v === 'string' ? v : JSON.stringify(v)}{' '}
            </span>
          ))}
      </td>
      <td className={classes.oneLine}>
        <span className="mono quiet" title={e.correlation_id}>
          {e.correlation_id.slice(0, 8)}
        </span>{' '}
        {e.correlation_id !== '' && <Copy value={e.correlation_id} what="the correlation ID" />}
      </td>
    </tr>
  )
}
