import type { RetentionPreview, RetentionRuleCounts } from '../../../api/lifecycle'
import { formatNumber, plural } from '../../../numbers/format'
import { Sentence } from '../../../parts/Sentence'
import { TableScroll } from '../../../parts/TableScroll'
import { formatDay } from '../../../time/format'
import { copyName } from '../words'
import classes from './Retention.module.css'
import { daysText } from './retention'

/** What goes by each line of a policy. */
export function WouldGo({ preview: p, outdated }: { preview: RetentionPreview; outdated: boolean }) {
  const whole = totalOf(p.rules.filter((r) => r.path === null))
  const cut = totalOf(p.rules.filter((r) => r.path !== null))
  return (
    <div className={outdated ? classes.outdated : undefined} role="status">
      <div className={classes.said}>
        <Sentence attention={whole > 0}>
          {whole + cut === 0
            ? 'Nothing would go'
            : [
                ...(whole > 0 ? [`${plural(whole, 'event')} would go`] : []),
                ...(cut > 0 ? [`a property would be taken out of ${formatNumber(cut)}`] : []),
              ].join(', and ')}
        </Sentence>
        <p className="quiet">
          {outdated
            ? 'Counted for other settings than those above: count again.'
            : p.hours > 0
              ? `Sums and counts of ${plural(p.hours, 'hour')} would be computed anew.`
              : 'No sum or count would change.'}
        </p>
      </div>
      {p.rules.length > 0 && <RuleTable rules={p.rules} label="What would go" verb="Would go" />}
    </div>
  )
}

export const totalOf = (rules: readonly RetentionRuleCounts[]): number =>
  rules.reduce((n, r) => n + r.counts.reduce((m, c) => m + c.items, 0), 0)

/** What each line of a policy takes, place by place. */
export function RuleTable({
  rules,
  label,
  verb,
}: {
  rules: readonly RetentionRuleCounts[]
  label: string
  verb: string
}) {
  return (
    <TableScroll label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Kept</th>
            <th scope="col">Received before (UTC)</th>
            <th scope="col" className="number">
              {verb}
            </th>
            <th scope="col">Where</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((r) => (
            <tr key={`${r.event} ${r.path}`}>
              <td className={classes.what}>
                {r.path !== null && (
                  <>
                    <span className="mono">{r.path}</span> of{' '}
                  </>
                )}
                {r.event ?? (r.path === null ? 'All other events' : 'every event')}
              </td>
              <td className={classes.nowrap}>{daysText(r.keep_days)}</td>
              <td className={classes.nowrap}>{formatDay(r.before, 'UTC')}</td>
              <td className="number">{formatNumber(totalOf([r]))}</td>
              <td>
                {r.counts
                  .filter((c) => c.items > 0)
                  .map((c) => `${copyName(c.copy)} ${formatNumber(c.items)}`)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
