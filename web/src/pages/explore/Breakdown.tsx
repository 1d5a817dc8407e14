import type { Trend } from '../../api/trends'
import { change, formatNumber, formatShare, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { seriesColor, type Tokens } from '../../theme/tokens'
import { formatPeriod } from '../../time/format'
import classes from './Explore.module.css'
import { addsUp, breakdownName, startsAtZero, type Question } from './question'

/** The totals: of each value of the breakdown, or of all, with those of the period before. */
export function Breakdown({
  question,
  trend,
  colors,
  zone,
}: {
  question: Question
  trend: Trend
  colors: Tokens
  zone: string
}) {
  const { series, other } = trend.result
  const broken = question.breakdown !== null
  const whole = addsUp(question.measure) ? series.reduce((sum, s) => sum + (s.total ?? 0), other?.total ?? 0) : null
  // The earlier question was about the same values: one that is not in its answer did not occur.
  const nothing = startsAtZero(question.measure) ? 0 : null
  const before = (value: string | null) =>
    trend.earlier?.result.series.find((s) => s.breakdown === value)?.total ?? nothing
  return (
    <Panel
      title={broken ? 'By value' : 'Total'}
      note="Over the whole period. For visitors and averages this is not the sum of the points."
      flush
    >
      <TableScroll label={broken ? 'By value' : 'Total'}>
        <table>
          <thead>
            <tr>
              <th scope="col">{broken ? question.breakdown : 'Period'}</th>
              <th scope="col" className="number">
                Value
              </th>
              {whole !== null && broken && (
                <th scope="col" className="number">
                  Share
                </th>
              )}
              {trend.earlier && (
                <>
                  <th scope="col" className="number">
                    {trend.earlier.name}
                  </th>
                  <th scope="col" className="number">
                    Change
                  </th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {series.map((s, i) => (
              <tr key={s.breakdown ?? '\u0000'}>
                <td>
                  {broken && (
                    <i className={classes.swatch} style={{ background: seriesColor(colors, i) }} aria-hidden="true" />
                  )}
                  <span className={broken && s.breakdown === null ? 'quiet' : undefined}>
                    {broken ? breakdownName(s.breakdown) : formatPeriod(trend.period, zone)}
                  </span>
                </td>
                <td className="number">
                  <strong>{formatNumber(s.total)}</strong>
                </td>
                {whole !== null && broken && (
                  <td className="number">{whole === 0 ? '–' : formatShare((s.total ?? 0) / whole)}</td>
                )}
                {trend.earlier && (
                  <>
                    <td className="number quiet">{formatNumber(before(s.breakdown))}</td>
                    <td className="number">{changeText(s.total, before(s.breakdown))}</td>
                  </>
                )}
              </tr>
            ))}
            {other && (
              <tr>
                <td className="quiet">{plural(other.values, 'more value')}</td>
                <td className="number">{formatNumber(other.total)}</td>
                {whole !== null && (
                  <td className="number">{whole === 0 ? '–' : formatShare((other.total ?? 0) / whole)}</td>
                )}
                {trend.earlier && <td colSpan={2} />}
              </tr>
            )}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}

function changeText(now: number | null, before: number | null | undefined): string {
  const c = change(now, before)
  if (c === null) return '–'
  return c.direction === 'same' ? 'same' : `${c.direction === 'up' ? '+' : '−'}${c.text}`
}
