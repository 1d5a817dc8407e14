import { Button, Select, Switch } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Leaf, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { minimisationOptions, type MinimisationEvent, type MinimisationProperty } from '../../../api/lifecycle'
import { mayAnswerForPeople } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { formatBytes, formatNumber, formatShare, plural } from '../../../numbers/format'
import { Panel } from '../../../parts/Page'
import { Sentence } from '../../../parts/Sentence'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { formatDay } from '../../../time/format'
import { useTravel, useView } from '../../../view/useView'
import { PrivacyPage } from '../PrivacyPage'
import { draftWithRule } from './draftRule'
import { sumUp } from './sumUp'
import classes from './Unused.module.css'

/** What is collected and never used: what is not there needs no protection, and cannot be asked for. */
export default function Unused() {
  const me = useMe()
  return (
    <PrivacyPage
      title="Unused data"
      lead="What your events carry, and when somebody last made use of it: in a query, an alert or a check."
    >
      {mayAnswerForPeople(me.role) && <Report />}
    </PrivacyPage>
  )
}

const spans = [7, 30, 90, 180, 365]

function Report() {
  const { tz } = useView()
  const [params, setParams] = useSearchParams()
  const asked = Number(params.get('days'))
  const days = spans.includes(asked) ? asked : 30
  const [all, setAll] = useState(false)
  const { data, error, refetch, isPlaceholderData } = useQuery(minimisationOptions(days, null))
  const controls = (
    <div className={classes.controls}>
      <Switch label="Also what is used" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />
      <Select
        size="xs"
        aria-label="How far back"
        data={spans.map((d) => ({ value: String(d), label: `Last ${d} days` }))}
        value={String(days)}
        onChange={(d) =>
          setParams((now) => {
            const next = new URLSearchParams(now)
            next.set('days', d ?? '30')
            return next
          })
        }
        allowDeselect={false}
      />
    </div>
  )
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) {
    return (
      <Panel label="Unused data">
        <SkeletonRows rows={8} />
      </Panel>
    )
  }
  const sum = sumUp(data)
  const since = data.recorded_since
  return (
    <div aria-busy={isPlaceholderData} className={classes.report}>
      <Panel title={`In the last ${days} days`} actions={controls}>
        <Sentence>
          {data.events.length === 0 ? (
            'No events in this time'
          ) : sum.unused === 0 ? (
            'Everything that is collected is used'
          ) : (
            <>
              <strong>{formatNumber(sum.unused)}</strong> of {plural(sum.properties, 'property', 'properties')}{' '}
              {sum.unused === 1 ? 'was' : 'were'} used by nobody: {formatBytes(sum.bytes)}
            </>
          )}
        </Sentence>
        <p className="quiet">
          What is not collected needs no protection, and cannot leak.{' '}
          {since === null ? (
            <span className={classes.early}>
              <TriangleAlert size={14} aria-hidden="true" /> No use was recorded yet: everything looks unused. Come back
              in a few weeks.
            </span>
          ) : (
            <>Uses are recorded since {formatDay(since, tz)}; until a few weeks have passed, “never” says little.</>
          )}
        </p>
      </Panel>
      {data.events.length === 0 ? (
        <Panel label="Events">
          <Empty title="Nothing to look into" icon={<Leaf size={36} strokeWidth={1.4} />}>
            Once events come, each of their properties is listed here with when it was last used.
          </Empty>
        </Panel>
      ) : (
        data.events.map((e) => <EventPanel key={e.event} event={e} all={all} />)
      )}
    </div>
  )
}

function EventPanel({ event: e, all }: { event: MinimisationEvent; all: boolean }) {
  const shown = all ? e.properties : e.properties.filter((p) => p.action !== 'none')
  if (shown.length === 0 && !all) return null
  return (
    <Panel
      title={e.event}
      note={`${plural(e.events, 'event')}${e.looked_at < e.events ? `, the newest ${formatNumber(e.looked_at)} were looked into` : ''}.`}
      flush
    >
      <TableScroll label={`Properties of ${e.event}`} className={classes.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">Property</th>
              <th scope="col">Last used</th>
              <th scope="col" className="number">
                In
              </th>
              <th scope="col" className="number">
                Room
              </th>
              <th scope="col">What to do</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((p) => (
              <Row key={p.path} event={e.event} property={p} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}

function Row({ event, property: p }: { event: string; property: MinimisationProperty }) {
  const { tz } = useView()
  const client = useQueryClient()
  const navigate = useNavigate()
  const travel = useTravel()
  const me = useMe()
  const rule = p.rule
  const propose = useMutation({
    mutationFn: () => draftWithRule(client, me.tenant.id, p.action, rule ?? {}),
    onSuccess: (path) => navigate(travel(path)),
  })
  return (
    <tr>
      <td className={`mono ${classes.path}`}>{p.path}</td>
      <td className={classes.nowrap}>
        {p.last_used === null ? (
          <strong className={classes.never}>Never</strong>
        ) : (
          <>
            <Time at={p.last_used} zone={tz} />
            <div className="quiet">{plural(p.uses, 'use')}</div>
          </>
        )}
      </td>
      <td className="number">{formatShare(p.share)}</td>
      <td className={`number ${classes.nowrap}`}>{formatBytes(p.bytes)}</td>
      <td>
        {p.action === 'none' || rule === null ? (
          <span className="quiet">Nothing: it is used</span>
        ) : (
          <>
            <Button
              size="compact-sm"
              variant="default"
              loading={propose.isPending}
              onClick={() => propose.mutate()}
              aria-label={`${actions[p.action].does} ${p.path} of ${event}`}
            >
              {actions[p.action].does}
            </Button>
            <div className="quiet">{actions[p.action].means}</div>
            <FormError error={propose.error} />
          </>
        )}
      </td>
    </tr>
  )
}

const actions = {
  redact: { does: 'Stop storing it', means: 'Goes to the rules of redaction, where you publish it or not.' },
  retain: { does: 'Keep it for a while only', means: 'Goes to retention, where you publish it or not.' },
} as const
