import type { PrivacyRequestDetails } from '../../api/privacy'
import { Panel } from '../../parts/Page'
import { Time } from '../../parts/Time'
import { formatClock } from '../../time/format'
import { useView } from '../../view/useView'
import { inSpells } from './spells'
import classes from './Privacy.module.css'
import { stateNames } from './words'

/** What happened, by whom: what belongs to one state stands together. */
export function Timeline({ entries }: { entries: PrivacyRequestDetails['timeline'] }) {
  const { tz } = useView()
  return (
    <Panel title="What happened" note={`Oldest first, ${tz}.`}>
      <ol className={classes.timeline}>
        {inSpells(entries).map(({ first, entries: told }, i) => (
          <li key={`${first.at} ${i}`} data-state={first.state}>
            <div>
              <strong>{stateNames[first.state]}</strong>{' '}
              <span className="quiet">by {first.actor === '' ? 'Observatory' : first.actor}</span>
            </div>
            {told.length === 1 ? (
              first.text !== '' && <div className={classes.note}>{first.text}</div>
            ) : (
              <ul className={classes.told}>
                {told.map((e, n) => (
                  <li key={`${e.at} ${n}`}>
                    <span className="quiet">{formatClock(e.at, tz)}</span> {e.text}
                  </li>
                ))}
              </ul>
            )}
            <div className="quiet">
              <Time at={first.at} zone={tz} />
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  )
}
