import { Check } from 'lucide-react'
import { isOver, type PrivacyRequestDetails, type PrivacyRequestState } from '../../api/privacy'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Privacy.module.css'
import { stateNames, stepWords, waitsForApproval, wayOf } from './words'

/** Where the request is on its way, what that means, and what it waits for. */
export function Way({ request: r }: { request: PrivacyRequestDetails }) {
  const { tz } = useView()
  const words = stepWords(r)
  const over = isOver(r)
  const waits = waitsForApproval(r)
  const good = r.state === 'completed'
  const steps: PrivacyRequestState[] = [
    ...(r.origin === 'form' ? (['received'] as const) : []),
    ...wayOf(r.type),
    over ? r.state : 'completed',
  ]
  const at = steps.indexOf(r.state)
  const reached = (s: PrivacyRequestState) =>
    r.timeline.find((e) => e.state === s)?.at ?? (s === 'received' ? r.filed_at : undefined)
  return (
    <Panel label="How far it is">
      <div className={classes.now}>
        <Sentence attention={over && !good}>{waits ? 'Waiting for your approval' : words.now}</Sentence>
        {waits ? (
          <p>
            It was found out who is meant: see the list below. Nothing is changed until somebody of you approves it.
          </p>
        ) : (
          <>
            {words.why !== '' && <p>{words.why}</p>}
            {r.waiting_for !== null && !over && (
              <p className={classes.waiting} role="status">
                <span className={classes.pulse} aria-hidden="true" /> Waiting for: {r.waiting_for}
              </p>
            )}
            {r.error !== null && <p className={classes.fault}>{r.error}</p>}
          </>
        )}
      </div>
      <ol className={classes.way} aria-label="The way of this request">
        {steps.map((s, i) => {
          const when = reached(s)
          const done = i < at || (over && i <= at && good)
          const skipped = over && !good && when === undefined
          return (
            <li
              key={s}
              data-done={done}
              data-here={i === at && !good}
              data-skipped={skipped}
              {...(i === at && { 'aria-current': 'step' as const })}
            >
              <span className={classes.bead} aria-hidden="true">
                {done ? <Check size={14} strokeWidth={3} /> : null}
              </span>
              <span className={classes.stepName}>{stateNames[s]}</span>
              <span className={`quiet ${classes.stepTime}`}>
                {when !== undefined ? <Time at={when} zone={tz} /> : skipped ? 'Not reached' : i > at ? 'To come' : ''}
              </span>
            </li>
          )
        })}
      </ol>
    </Panel>
  )
}
