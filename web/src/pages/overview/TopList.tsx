import { VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { trendOptions } from '../../api/trends'
import type { TrendsResult } from '../../api/types'
import { useMe } from '../../app/session'
import { allOf, parts, propertyName, type Filter } from '../../filters/filter'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { HowComputed } from '../../parts/HowComputed'
import { Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import type { Range } from '../../time/range'
import { useView } from '../../view/useView'
import { headlineNames, type HeadlineMeasure } from './Headline'
import classes from './TopList.module.css'

interface TopListProps {
  title: string
  /** Of which events; null is of all. */
  event: string | null
  breakdown: string
  /** The property to take when no event has the first. */
  otherwise?: string
  /** What to call events without the property. */
  none: string
  range: Range
  measure: HeadlineMeasure
}

/** The largest values of a property. Choosing one filters the page by it. */
export function TopList({ title, event, breakdown: wanted, otherwise, none, range, measure }: TopListProps) {
  const { tenant } = useMe()
  const view = useView()
  const spec = (breakdown: string) =>
    trendOptions(tenant.id, {
      range,
      zone: view.tz,
      interval: 'coarsest',
      measure,
      event,
      filter: view.query,
      breakdown,
      limit: 9,
    })
  const first = useQuery(spec(wanted))
  const lacking = otherwise !== undefined && first.data?.result.series.every((s) => s.breakdown === null) === true
  const second = useQuery({ ...spec(otherwise ?? wanted), enabled: lacking })
  const [{ data, error, refetch }, breakdown] = lacking ? [second, otherwise] : [first, wanted]
  const result = data?.result
  const what = measure === 'count' ? (event === null ? 'Events' : 'Page views') : headlineNames[measure]
  return (
    <Panel
      title={title}
      actions={
        <>
          <span className="quiet">{what}</span>
          <HowComputed
            what={title}
            meaning={`${what}${event === null ? '' : ` (${event})`} for each value of ${breakdown}, largest first.`}
            explanation={result?.explanation}
            zone={view.tz}
            icon
          />
        </>
      }
      flush
    >
      {error && !result ? (
        <div className={classes.pad}>
          <ErrorNote error={error} retry={() => void refetch()} />
        </div>
      ) : result ? (
        <Rows result={result} none={none} breakdown={breakdown} additive={measure === 'count'} />
      ) : (
        <SkeletonRows rows={9} />
      )}
    </Panel>
  )
}

function Rows({
  result,
  none,
  breakdown,
  additive,
}: {
  result: TrendsResult
  none: string
  breakdown: string
  additive: boolean
}) {
  const view = useView()
  const rows = result.series.filter((s) => (s.total ?? 0) > 0)
  const largest = rows[0]?.total ?? 0
  // Visitors of two pages are not twice as many visitors: shares of a whole only make sense for counts.
  const whole = additive ? rows.reduce((sum, s) => sum + (s.total ?? 0), result.other?.total ?? 0) : null
  if (rows.length === 0) {
    return <p className={`quiet ${classes.pad}`}>No event of this period has {propertyName(breakdown)}.</p>
  }
  return (
    <ol className={classes.list}>
      {rows.map((s) => {
        const filter: Filter =
          s.breakdown === null
            ? { property: breakdown, operator: 'is_not_set' }
            : { property: breakdown, operator: 'equals', value: s.breakdown }
        const name = s.breakdown === null ? none : s.breakdown === '' ? 'Empty' : s.breakdown
        return (
          <li key={s.breakdown ?? '\u0000'}>
            <button
              type="button"
              onClick={() => view.change({ filter: allOf([...parts(view.filter), filter]) })}
              title={name}
            >
              <span
                className={classes.bar}
                style={{ width: `${(100 * (s.total ?? 0)) / largest}%` }}
                aria-hidden="true"
              />
              <span className={`${classes.name} ${s.breakdown === null || s.breakdown === '' ? 'quiet' : ''}`}>
                {name}
              </span>
              {whole !== null && <span className={classes.share}>{formatShare((s.total ?? 0) / whole)}</span>}
              <span className={classes.value}>{formatNumber(s.total)}</span>
              <VisuallyHidden>Filter by it</VisuallyHidden>
            </button>
          </li>
        )
      })}
      {result.other && (
        <li className={classes.other}>
          <span>and {plural(result.other.values, 'more value')}</span>
          <span>{formatNumber(result.other.total)}</span>
        </li>
      )}
    </ol>
  )
}
