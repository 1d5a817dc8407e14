import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleDashed, Plus } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { qualityOptions, type Quality, type QualityStanding } from '../../api/quality'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { DataPage } from '../data/DataPage'
import { CheckForm } from './CheckForm'
import classes from './Quality.module.css'
import { Verdict } from './Verdict'
import { everyText, expectedText, kindNames, subjectText, valueText } from './words'

/** Whether the data is what it should be, as far as anybody has said. */
export default function Checks() {
  const { role } = useMe()
  const [adding, setAdding] = useState(false)
  const { data, error, refetch } = useQuery(qualityOptions)
  return (
    <DataPage
      title="Quality"
      lead="Checks that run by themselves: is there as much data as usual, is nothing missing in it, is it new enough, and is every event accounted for."
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : (
        <>
          {data === undefined ? <Skeleton height={92} radius="lg" /> : <Answer quality={data} />}
          <Panel
            title="Checks"
            note="The first three everybody has. An alert can watch any of them."
            actions={
              mayWatch(role) && (
                <Button leftSection={<Plus size={16} />} onClick={() => setAdding(true)}>
                  Add a check
                </Button>
              )
            }
            flush
          >
            {data === undefined ? <SkeletonRows /> : <CheckTable standings={data.checks} />}
          </Panel>
        </>
      )}
      <CheckForm opened={adding} onClose={() => setAdding(false)} check={null} />
    </DataPage>
  )
}

/** The answer: how many do not pass. */
function Answer({ quality: { checks, verdicts: v } }: { quality: Quality }) {
  const { tz } = useView()
  const travel = useTravel()
  const on = checks.filter((s) => s.check.enabled)
  const off = v.fail + v.warn
  const newest = on.flatMap((s) => (s.newest ? [s.newest.measured_at] : [])).sort()
  if (on.every((s) => (s.newest?.verdict ?? 'unknown') === 'unknown' || s.check.kind === 'ledger') && off === 0) {
    return (
      <Panel label="Whether the data is as it should be">
        <Empty
          title={on.length === 0 ? 'Every check is switched off' : 'Nothing to compare with yet'}
          icon={<CircleDashed size={36} strokeWidth={1.4} />}
          action={
            <Button component={Link} to={travel('/data/catalog')} variant="default">
              See what was stored
            </Button>
          }
        >
          Freshness is checked from the first event on. How many events are usual is known after three weeks: from then
          on each hour is compared with the same hours of up to eight past weeks. Nothing needs to be set up for that.
        </Empty>
      </Panel>
    )
  }
  return (
    <section className={classes.answer} data-off={off > 0} aria-label="Whether the data is as it should be">
      <p className={classes.headline}>
        {off === 0
          ? on.length === v.pass
            ? `All ${plural(on.length, 'check')} pass`
            : `${plural(v.pass, 'check')} ${v.pass === 1 ? 'passes' : 'pass'}, none fails`
          : [
              v.fail > 0 && `${plural(v.fail, 'check')} ${v.fail === 1 ? 'fails' : 'fail'}`,
              v.warn > 0 && `${v.fail > 0 ? v.warn : plural(v.warn, 'check')} ${v.warn === 1 ? 'warns' : 'warn'}`,
            ]
              .filter(Boolean)
              .join(', ')}
      </p>
      {off > 0 && (
        <ul className={classes.wrong}>
          {on
            .filter((s) => s.newest?.verdict === 'fail' || s.newest?.verdict === 'warn')
            .map((s) => (
              <li key={s.check.id}>
                <Link to={travel(`/data/quality/${s.check.id}`)}>{s.check.name}</Link>
              </li>
            ))}
        </ul>
      )}
      <p className="quiet">
        {v.unknown > 0 && <>{plural(v.unknown, 'check')} cannot tell. </>}
        {newest.length > 0 && (
          <>
            Checked last at <Time at={newest.at(-1) ?? ''} zone={tz} /> {tz}; this page asks again by itself.
          </>
        )}
      </p>
    </section>
  )
}

function CheckTable({ standings }: { standings: readonly QualityStanding[] }) {
  const { tz } = useView()
  return (
    <TableScroll label="Checks" className={classes.checks}>
      <table>
        <thead>
          <tr>
            <th scope="col">Check</th>
            <th scope="col">Verdict</th>
            <th scope="col" className="number">
              Found
            </th>
            <th scope="col" className="number">
              Expected
            </th>
            <th scope="col">Why</th>
            <th scope="col">Checked ({tz})</th>
          </tr>
        </thead>
        <tbody>
          {standings.map((s) => (
            <Row key={s.check.id} standing={s} />
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function Row({ standing: { check: c, newest: r } }: { standing: QualityStanding }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <tr data-off={!c.enabled}>
      <td className={classes.check}>
        <Link to={travel(`/data/quality/${c.id}`)}>
          <strong>{c.name}</strong>
        </Link>
        <div className="quiet">
          {kindNames[c.kind]}, {subjectText(c)}, {everyText(c.interval_seconds)}
        </div>
      </td>
      <td>
        <Verdict verdict={r?.verdict} enabled={c.enabled} />
      </td>
      <td className="number">{valueText(c.kind, r?.value ?? null)}</td>
      <td className="number">{r ? expectedText(c.kind, r) : valueText(c.kind, null)}</td>
      <td className={classes.why}>
        {r?.explanation ?? (c.enabled ? 'It is made for the first time within half a minute.' : '–')}
      </td>
      <td className={classes.time}>{r ? <Time at={r.measured_at} zone={tz} /> : '–'}</td>
    </tr>
  )
}
