import { MultiSelect } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { catalogOptions } from '../../api/queries'
import { isOpen, rehearseReplay, replaysOptions, type NewReplay } from '../../api/replays'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { formatPeriod } from '../../time/format'
import { resolve, type Range } from '../../time/range'
import { RangePicker } from '../../view/RangePicker'
import { useTravel, useView } from '../../view/useView'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'
import { Rehearse } from './Rehearse'
import { StartReplay } from './StartReplay'

const week: Range = { kind: 'preset', preset: '7d' }

/** Runs stored events through the rules as they are now. */
export default function HistoryReplay() {
  const me = useMe()
  const travel = useTravel()
  const running = useInfiniteQuery(replaysOptions)
    .data?.pages.flatMap((p) => p.replays)
    .find((r) => r.kind === 'history' && isOpen(r))
  return (
    <QuarantineFrame
      title="Replay history"
      lead="Runs stored events through the contract, redaction and enrichment that are in force now, into place."
    >
      <Link to={travel('/data/quarantine/replays')} className={classes.back}>
        <ArrowLeft size={15} aria-hidden="true" /> All replays
      </Link>
      <Panel label="Replay history">
        {!mayManage(me.role) ? (
          <p className="quiet">Only owners and admins can replay events.</p>
        ) : running ? (
          <p>
            One is <Link to={travel(`/data/quarantine/replays/${running.id}`)}>under way</Link>, and there is one at a
            time. Wait for it, or cancel it.
          </p>
        ) : (
          <Form />
        )}
      </Panel>
    </QuarantineFrame>
  )
}

function Form() {
  const view = useView()
  const navigate = useNavigate()
  const travel = useTravel()
  const [params, setParams] = useSearchParams()
  const { data: catalog } = useQuery(catalogOptions)
  const [now] = useState(() => new Date())
  const [tried, setTried] = useState('')
  const rehearsal = useMutation({ mutationFn: (body: NewReplay) => rehearseReplay(body) })
  const range = view.range ?? week
  const period = resolve(range, view.tz, now)
  const events = params.getAll('event')
  const body: NewReplay = {
    kind: 'history',
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    ...(events.length > 0 ? { events } : {}),
    policy: 'current',
  }
  const asked = JSON.stringify(body)
  const current = rehearsal.data !== undefined && tried === asked
  const names = [...new Set([...(catalog?.events ?? []).map((e) => e.event), ...events])]
  const choose = (chosen: string[]) =>
    setParams(
      (was) => {
        const next = new URLSearchParams(was)
        next.delete('event')
        for (const e of chosen) next.append('event', e)
        return next
      },
      { replace: true },
    )
  return (
    <ol className={classes.flow}>
      <li>
        <h3 className={classes.stepTitle}>Choose which events</h3>
        <div className={classes.which}>
          <div>
            <div className={classes.label}>Time of the events</div>
            <RangePicker range={range} />
          </div>
          <MultiSelect
            className={classes.names}
            label="Names"
            placeholder={events.length === 0 ? 'Every event' : ''}
            data={names}
            value={events}
            onChange={choose}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'Every event' }}
            maxValues={100}
            nothingFoundMessage="No such event"
          />
        </div>
      </li>
      <li>
        <h3 className={classes.stepTitle}>Rehearse</h3>
        <Rehearse
          history
          onRun={() => {
            setTried(asked)
            rehearsal.mutate(body)
          }}
          pending={rehearsal.isPending}
          error={rehearsal.error}
          report={rehearsal.data}
          current={current}
          waitsFor={null}
          of={null}
        />
      </li>
      <li>
        <h3 className={classes.stepTitle}>Replay</h3>
        <StartReplay
          body={body}
          label="Replay history"
          waitsFor={!current ? 'Rehearse first.' : rehearsal.data.events === 0 ? 'There is nothing to replay.' : null}
          onStarted={(r) => void navigate(travel(`/data/quarantine/replays/${r.id}`))}
        >
          <p className={classes.means}>
            <strong>
              {events.length === 0 ? 'Every stored event' : events.join(', ')} of {formatPeriod(period, view.tz)}{' '}
              {view.tz}
            </strong>{' '}
            is looked at again. What comes out otherwise is written in place: names, IDs, times and receipts stay, and
            no event is added or removed. What does not fit the contract stays as it is, and is counted with its reason.
          </p>
        </StartReplay>
      </li>
    </ol>
  )
}
