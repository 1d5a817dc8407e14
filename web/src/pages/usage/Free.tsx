import { Link } from 'react-router'
import type { FreeUsage } from '../../api/usage'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { useTravel } from '../../view/useView'
import classes from './Usage.module.css'

const rows = [
  { key: 'duplicate', name: 'Duplicates', why: 'Sent again, and counted once.', to: '/data/delivery' },
  {
    key: 'quarantined',
    name: 'In quarantine',
    why: 'They broke a rule, and are not in your numbers.',
    to: '/data/quarantine',
  },
  {
    key: 'suppressed',
    name: 'Of suppressed people',
    why: 'They asked to be forgotten, so nothing of them is stored.',
    to: '/privacy/suppressions',
  },
  { key: 'held', name: 'Held', why: 'Kept aside. They count if they are released.', to: '/usage/quota' },
  { key: 'bots', name: 'Of bots', why: 'Stored, so that you can see them, at no cost.', to: '/data/enrichment' },
  {
    key: 'synthetic',
    name: 'Of synthetic tests',
    why: 'Stored, so that you can see them, at no cost.',
    to: '/data/enrichment',
  },
] as const satisfies readonly { key: keyof FreeUsage; name: string; why: string; to: string }[]

/** Events that came and cost nothing, and why. */
export function Free({ free, running }: { free: FreeUsage; running: boolean }) {
  const travel = useTravel()
  const all = rows.reduce((sum, r) => sum + free[r.key], 0)
  return (
    <Panel
      title={all === 0 ? 'Nothing came for free' : `${plural(all, 'event')} cost nothing`}
      note={
        all === 0
          ? `Every event that came ${running ? 'so far' : 'in this month'} counts as usage. Traffic that nobody wanted would stand here.`
          : 'Traffic that nobody wanted is not billed.'
      }
      flush
    >
      <ul className={classes.free}>
        {rows.map((r) => (
          <li key={r.key} data-none={free[r.key] === 0}>
            <span className={classes.freeCount}>{formatNumber(free[r.key])}</span>
            <span>
              <Link to={travel(r.to)}>{r.name}</Link>
              <small>{r.why}</small>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
