import type { PrivacyRequestDetails, PrivacyStep } from '../../api/privacy'
import { isOver } from '../../api/privacy'
import { formatNumber, unknown } from '../../numbers/format'
import { CodeBlock } from '../../parts/Copy'
import { Meter } from '../../parts/Meter'
import { Panel } from '../../parts/Page'
import { TableScroll } from '../../parts/TableScroll'
import { formatSpan } from '../../time/format'
import { PlaceMark } from './Marks'
import classes from './Privacy.module.css'
import { copyName, copyWhat, isCounted } from './words'

/** Every place that data is kept in: what it held of them, and what is left. */
export function Places({ request: r }: { request: PrivacyRequestDetails }) {
  if (r.type === 'suppress' || (r.type === 'unsuppress' && r.copies.length === 0)) return null
  const counts = isCounted(r.type)
  const done = r.copies.filter((c) => c.state === 'clear').length
  const total = r.copies.length
  return (
    <Panel
      title="Place by place"
      note={
        total === 0
          ? 'Every place that data is kept in is named here, once its turn has come.'
          : counts
            ? 'Every place that data is kept in. Counted before and after.'
            : undefined
      }
      actions={
        total > 0 && (
          <span className={classes.share}>
            <Meter share={done / total} tone="accent" /> {formatNumber(done)} of {formatNumber(total)} done
          </span>
        )
      }
      flush
    >
      {total === 0 ? (
        <p className={`quiet ${classes.pad}`}>{isOver(r) ? 'No place was worked on.' : 'Not begun yet.'}</p>
      ) : (
        <TableScroll label="Place by place" className={classes.table}>
          <table>
            <thead>
              <tr>
                <th scope="col">Place</th>
                <th scope="col">State</th>
                {counts && (
                  <>
                    <th scope="col" className="number">
                      Before
                    </th>
                    <th scope="col" className="number">
                      Left
                    </th>
                  </>
                )}
                <th scope="col" className="number">
                  Took
                </th>
              </tr>
            </thead>
            <tbody>
              {r.copies.map((c) => (
                <Place key={c.copy} step={c} request={r} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Panel>
  )
}

function Place({ step: c, request: r }: { step: PrivacyStep; request: PrivacyRequestDetails }) {
  const counted = c.state !== 'waiting'
  const looked = c.state === 'clear' || c.ended_at !== null
  return (
    <tr>
      <td className={classes.place}>
        {copyName(c.copy)}
        <div className="quiet">{copyWhat(c.copy)}</div>
        {Object.keys(c.evidence).length > 0 && (
          <details className={classes.evidence}>
            <summary>Evidence</summary>
            <CodeBlock code={JSON.stringify(c.evidence, null, 2)} what={`the evidence of ${copyName(c.copy)}`} wrap />
          </details>
        )}
      </td>
      <td className={classes.place}>
        <PlaceMark step={c} type={r.type} />
        {c.pending !== null && c.state !== 'clear' && <div className="quiet">{c.pending}</div>}
        {c.error !== null && <div className={classes.fault}>{c.error}</div>}
      </td>
      {isCounted(r.type) && (
        <>
          <td className="number">
            {counted ? (
              <>
                {formatNumber(c.before)} <span className="quiet">{c.unit}</span>
              </>
            ) : (
              unknown
            )}
          </td>
          <td className="number">{looked ? formatNumber(c.after) : unknown}</td>
        </>
      )}
      <td className={`number ${classes.nowrap}`}>{took(c)}</td>
    </tr>
  )
}

function took(c: PrivacyStep): string {
  if (c.began_at === null || c.ended_at === null) return unknown
  const seconds = (Date.parse(c.ended_at) - Date.parse(c.began_at)) / 1000
  return seconds > 0 ? formatSpan(seconds) : unknown
}
