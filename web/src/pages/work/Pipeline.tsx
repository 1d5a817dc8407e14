import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { pipelineOptions, type PipelineStage } from '../../api/jobs'
import { formatNumber, unknown } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { ErrorNote } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatClock, formatSpan } from '../../time/format'
import { useView } from '../../view/useView'
import { Graph } from './Graph'
import { HealthIcon } from './HealthIcon'
import { formatRate } from './rate'
import classes from './Work.module.css'
import { WorkPage } from './WorkPage'
import { healthNames, stageNames, waitingOf } from './words'

/** How the data goes through, stage by stage, and whether that is well. */
export default function Pipeline() {
  const { tz } = useView()
  const { data, error, refetch } = useQuery(pipelineOptions)
  return (
    <WorkPage
      title="Pipeline"
      lead="The way of your events, from where they are accepted to where they can be asked about, and the work that is done with them."
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <>
          <Skeleton height={92} radius="lg" />
          <Skeleton height={420} radius="lg" />
        </>
      ) : (
        <>
          <Answer stages={data.stages} />
          <Panel
            title="Stages"
            note={
              <>
                As of {formatClock(data.at, tz)} {tz}; this page looks again by itself. Only your own events and jobs
                are counted.
              </>
            }
          >
            <Graph stages={data.stages} edges={data.edges} />
          </Panel>
          <Panel title="Figures" note="Rates are of the last minute, those of jobs of the last five." flush>
            <StageTable stages={data.stages} />
          </Panel>
        </>
      )}
    </WorkPage>
  )
}

/** Whether all is well, and if not, where it is not and what that means. */
function Answer({ stages }: { stages: readonly PipelineStage[] }) {
  const ill = stages.filter((s) => s.health !== 'ok')
  if (ill.length === 0) {
    const lag = stages.find((s) => s.name === 'sink')?.lag_seconds ?? null
    return (
      <Panel label="How it goes">
        <Sentence>All is well</Sentence>
        <p className={classes.means}>
          {lag === null
            ? 'Nothing has come within the last minute. What you send now can be asked about a second later.'
            : `What you sent last could be asked about ${formatSpan(lag)} later.`}
        </p>
      </Panel>
    )
  }
  const stuck = ill.filter((s) => s.health === 'stuck')
  const worst = stuck.length > 0 ? stuck : ill
  return (
    <Panel label="How it goes">
      <Sentence attention>
        {listed(worst.map((s) => stageNames[s.name]))} {worst.length === 1 && !endsPlural(worst[0]) ? 'is' : 'are'}{' '}
        {stuck.length > 0 ? 'stuck' : 'slow'}
      </Sentence>
      <ul className={classes.ills} aria-live="polite">
        {ill.map((s) => (
          <li key={s.name}>
            <HealthIcon health={s.health} />
            <span>
              <strong>{stageNames[s.name]}.</strong> {s.why}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** Whether a stage is called by what is in it, as in "Bulk jobs". */
const endsPlural = (s: PipelineStage | undefined) => s !== undefined && stageNames[s.name].endsWith('s')

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
}

function StageTable({ stages }: { stages: readonly PipelineStage[] }) {
  return (
    <TableScroll label="Figures of the stages">
      <table>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Waiting
            </th>
            <th scope="col" className="number">
              In hand
            </th>
            <th scope="col" className="number">
              Rate
            </th>
            <th scope="col" className="number">
              Takes
            </th>
            <th scope="col" className="number">
              Oldest
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((s) => (
            <tr key={s.name}>
              <th scope="row" className={classes.rowName}>
                {stageNames[s.name]}
              </th>
              <td className={classes.nowrap}>
                <span className={classes.health}>
                  <HealthIcon health={s.health} /> {healthNames[s.health]}
                </span>
              </td>
              <td className="number">{s.depth === null ? unknown : waitingOf(s.depth, s.unit)}</td>
              <td className="number">{formatNumber(s.in_hand)}</td>
              <td className="number">{formatRate(s.per_second)}</td>
              <td className="number">{formatSpan(s.lag_seconds)}</td>
              <td className="number">{formatSpan(s.oldest_seconds)}</td>
              <td className={classes.why}>{s.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
