import { Radio, Stack } from '@mantine/core'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import type { CauseDetails } from '../../api/quarantine'
import { isOpen, rehearseReplay, replaysOptions, type NewReplay, type Replay } from '../../api/replays'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { useTravel } from '../../view/useView'
import { flawOf, toStep } from './mapping'
import { MappingEditor } from './MappingEditor'
import classes from './Quarantine.module.css'
import { Rehearse } from './Rehearse'
import { Replaying } from './Replaying'
import { StartReplay } from './StartReplay'
import { useFix, type FixKind } from './useFix'
import { adviceFor } from './words'

/** The way to put a cause right: choose how, try it, do it, watch it. */
export function Repair({ details }: { details: CauseDetails }) {
  const me = useMe()
  const { data, error } = useInfiniteQuery(replaysOptions)
  const replays = data?.pages.flatMap((p) => p.replays).filter((r) => r.cause === details.cause.id) ?? []
  const running = replays.find(isOpen)
  const last = replays[0]
  if (data === undefined && !error) return null
  return (
    <>
      {running ? (
        <Replaying replay={running} what={details.cause} />
      ) : (
        last && <Replaying key={last.id} replay={last} what={details.cause} />
      )}
      {!running && details.cause.open > 0 && (
        <Panel
          title={last ? 'Repair what is left' : 'Repair'}
          note="Choose how they are put right, try it on the newest of them, then replay. Nothing changes before the last step."
        >
          {mayManage(me.role) ? (
            <Flow details={details} last={last} />
          ) : (
            <p className="quiet">Only owners and admins can repair events.</p>
          )}
        </Panel>
      )}
    </>
  )
}

function Flow({ details, last }: { details: CauseDetails; last: Replay | undefined }) {
  const { cause, examples } = details
  const fix = useFix(cause.code)
  const [tried, setTried] = useState('')
  const rehearsal = useMutation({ mutationFn: (body: NewReplay) => rehearseReplay(body) })
  const flaws = fix.kind === 'mapping' && (fix.drafts.length === 0 || fix.drafts.some((d) => flawOf(d) !== null))
  const body: NewReplay = {
    kind: 'repair',
    cause: cause.id,
    ...(fix.kind === 'mapping' && !flaws ? { mapping: fix.drafts.map(toStep) } : {}),
  }
  const now = JSON.stringify(body)
  const current = rehearsal.data !== undefined && tried === now
  if (examples.length > 0 && examples.every((e) => e.format === 'text' || e.format === 'binary')) {
    return (
      <p>
        Nothing is left of these events that could be put right:{' '}
        {cause.code === 'invalid_json'
          ? 'they were no JSON, so their values were blanked'
          : 'what could not be decoded is not kept'}
        . Have the sender corrected, and the events sent again.
      </p>
    )
  }
  return (
    <ol className={classes.flow}>
      <li>
        <h3 className={classes.stepTitle}>Choose how they are put right</h3>
        <Stack gap="md">
          <ChooseFix code={cause.code} event={cause.event} kind={fix.kind} onChange={fix.setKind} />
          {fix.kind === 'mapping' && <MappingEditor details={details} drafts={fix.drafts} onChange={fix.setDrafts} />}
        </Stack>
      </li>
      <li>
        <h3 className={classes.stepTitle}>Rehearse</h3>
        <Rehearse
          onRun={() => {
            setTried(now)
            rehearsal.mutate(body)
          }}
          pending={rehearsal.isPending}
          error={rehearsal.error}
          report={rehearsal.data}
          current={current}
          waitsFor={flaws ? (fix.drafts.length === 0 ? 'Add a step first.' : 'Complete the steps first.') : null}
          of={cause.open}
        />
      </li>
      <li>
        <h3 className={classes.stepTitle}>Replay</h3>
        <StartReplay
          body={body}
          label={`Replay ${formatNumber(cause.open)} ${cause.open === 1 ? 'event' : 'events'}`}
          waitsFor={
            !current
              ? 'Rehearse first.'
              : rehearsal.data.would_pass === 0
                ? 'None of them would pass, so there is nothing to replay.'
                : null
          }
          again={last !== undefined}
        >
          <p className={classes.means}>
            <strong>
              {cause.open === 1 ? 'The one event' : `All ${formatNumber(cause.open)} events`} of this cause
            </strong>{' '}
            {cause.open === 1 ? 'is' : 'are'} read again, put right, and held against the rules. What fits is stored
            with its own ID and time, and moves from quarantined to stored in its receipt and in the ledger, in the hour
            in which it was received. What does not fit stays here. New events flow meanwhile; you can pause and cancel.
          </p>
        </StartReplay>
      </li>
    </ol>
  )
}

interface ChooseFixProps {
  code: string
  event: string
  kind: FixKind
  onChange: (kind: FixKind) => void
}

function ChooseFix({ code, kind, onChange }: ChooseFixProps) {
  const advice = adviceFor(code)
  const travel = useTravel()
  return (
    <Radio.Group value={kind} onChange={onChange} aria-label="How they are put right">
      <div className={classes.fixes}>
        <div className={classes.fix} data-chosen={kind === 'mapping'}>
          <Radio value="mapping" label="A mapping" description={advice.ifSender} />
        </div>
        {advice.rules !== 'none' && (
          <div className={classes.fix} data-chosen={kind === 'rules'}>
            <Radio
              value="rules"
              label="The rules were changed: a new version of the schema, or of the contract"
              description={advice.ifRules}
            />
            <p className={classes.links}>
              {advice.rules === 'schema' && <Link to={travel('/data/schemas')}>Schemas</Link>}
              <Link to={travel('/data/contract')}>Contract</Link>
            </p>
          </div>
        )}
      </div>
    </Radio.Group>
  )
}
