import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { personHistoryOptions, type TraitChange } from '../../api/people'
import { formatNumber } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { personPath } from '../../parts/person'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { shortValue } from './asOf'
import classes from './People.module.css'

const firstShown = 8

/** How the traits came about. */
export function History({ id, asOf }: { id: string; asOf: Date | null }) {
  const answer = useQuery(personHistoryOptions(id, asOf))
  const [all, setAll] = useState(false)
  return (
    <Panel title="How the traits came about" note="Follow a time to see the person as they were then.">
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : answer.data === undefined ? (
        <SkeletonRows rows={3} />
      ) : answer.data.length === 0 ? (
        <p className={`quiet ${classes.none}`}>No trait was ever said.</p>
      ) : (
        <>
          <ul className={classes.changes}>
            {(all ? answer.data : answer.data.slice(0, firstShown)).map((c) => (
              <Change key={`${c.event_id} ${c.key}`} id={id} change={c} />
            ))}
          </ul>
          {!all && answer.data.length > firstShown && (
            <Button variant="default" size="xs" mt="sm" onClick={() => setAll(true)}>
              Show all {formatNumber(answer.data.length)} changes
            </Button>
          )}
        </>
      )}
    </Panel>
  )
}

function Change({ id, change: c }: { id: string; change: TraitChange }) {
  const { tz } = useView()
  return (
    <li>
      <Link to={personPath(id, c.at)} className={classes.time}>
        <Time at={c.at} zone={tz} />
      </Link>
      <span className={classes.change}>
        <strong>{c.key}</strong>{' '}
        {c.from !== null && (
          <>
            <del className="quiet">{shortValue(c.from)}</del>{' '}
          </>
        )}
        {c.to === null ? <span className="quiet">taken away</span> : <ins>{shortValue(c.to)}</ins>}
      </span>
    </li>
  )
}
