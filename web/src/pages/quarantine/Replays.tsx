import { More } from '../../parts/More'
import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { Link } from 'react-router'
import { causesOptions } from '../../api/quarantine'
import { isOpen, replaysOptions, type Replay } from '../../api/replays'
import type { Cause } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { formatPeriod } from '../../time/format'
import { useTravel, useView } from '../../view/useView'
import classes from './Quarantine.module.css'
import { QuarantineFrame } from './QuarantineFrame'
import { causeTitle, stateNames } from './words'

/** What was put right, by whom, and what came of it. */
export default function Replays() {
  const me = useMe()
  const travel = useTravel()
  const answer = useInfiniteQuery(replaysOptions)
  const { data: causes = [] } = useQuery(causesOptions(false))
  const replays = answer.data?.pages.flatMap((p) => p.replays)
  const open = replays?.filter(isOpen).length ?? 0
  return (
    <QuarantineFrame
      title="Replays"
      lead="Repairs of quarantined events, and stored events that were run through the rules again. Each event keeps its ID and time, and is counted once."
    >
      <Panel
        title={
          replays === undefined ? 'Replays' : open === 0 ? 'None is under way' : `${plural(open, 'replay')} under way`
        }
        note="Newest first."
        actions={
          mayManage(me.role) && (
            <Button
              component={Link}
              to={travel('/data/quarantine/replays/new')}
              variant="default"
              leftSection={<History size={16} />}
            >
              Replay history
            </Button>
          )
        }
        flush
      >
        {answer.error && !answer.data ? (
          <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
        ) : replays === undefined ? (
          <SkeletonRows />
        ) : replays.length === 0 ? (
          <Empty title="No replay yet" icon={<History size={36} strokeWidth={1.4} />}>
            A repair of a cause shows here with its progress and what came of it. So does a replay of history, which
            runs stored events through the contract, redaction and enrichment as they are now.
          </Empty>
        ) : (
          <>
            <TableScroll label="Replays" className={classes.replays}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">What</th>
                    <th scope="col">State</th>
                    <th scope="col" className="number">
                      Events
                    </th>
                    <th scope="col" className="number">
                      Stored
                    </th>
                    <th scope="col" className="number">
                      Do not fit
                    </th>
                    <th scope="col">Begun</th>
                    <th scope="col">By</th>
                  </tr>
                </thead>
                <tbody>
                  {replays.map((r) => (
                    <Row key={r.id} replay={r} cause={causes.find((c) => c.id === r.cause)} />
                  ))}
                </tbody>
              </table>
            </TableScroll>
            <More answer={answer}>Show older replays</More>
          </>
        )}
      </Panel>
    </QuarantineFrame>
  )
}

function Row({ replay: r, cause }: { replay: Replay; cause: Cause | undefined }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <tr>
      <td className={classes.cause}>
        <Link to={travel(`/data/quarantine/replays/${r.id}`)}>{replayTitle(r, cause, tz)}</Link>
        <div className="quiet">
          {r.kind === 'repair'
            ? r.mapping.length === 0
              ? 'by the rules as they are now'
              : `by a mapping of ${plural(r.mapping.length, 'step')}`
            : r.kind === 'release'
              ? 'events that may be used again'
              : r.events.length === 0
                ? 'every event'
                : r.events.join(', ')}
        </div>
      </td>
      <td>
        <span className={classes.state} data-state={r.state}>
          {stateNames[r.state]}
        </span>
        {isOpen(r) && (
          <div className={classes.smallBar} role="img" aria-label={`${formatShare(r.progress)} done`}>
            <i style={{ width: `${100 * r.progress}%` }} />
          </div>
        )}
      </td>
      <td className="number">{formatNumber(r.counts.found)}</td>
      <td className="number">{formatNumber(r.counts.stored)}</td>
      <td className={`number ${r.counts.still_quarantined === 0 ? 'quiet' : ''}`}>
        {formatNumber(r.counts.still_quarantined)}
      </td>
      <td className={classes.time}>
        <Time at={r.created_at} zone={tz} />
      </td>
      <td>{r.created_by}</td>
    </tr>
  )
}

/** What a replay is about. */
export function replayTitle(r: Replay, cause: Pick<Cause, 'code' | 'event'> | undefined, zone: string): string {
  if (r.kind === 'repair') return cause ? causeTitle(cause) : 'Repair of a cause'
  if (r.kind === 'release') return 'Release of held events'
  return `History of ${formatPeriod({ from: new Date(r.from ?? ''), to: new Date(r.to ?? '') }, zone)}`
}
