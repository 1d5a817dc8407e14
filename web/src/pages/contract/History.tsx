import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { policyVersionsOptions } from '../../api/policies'
import type { Policy } from '../../api/types'
import { Diff } from '../../code/Code'
import { Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Contract.module.css'
import { changesBetween, contractOf, type Contract } from './contract'

interface Props {
  policy: Policy
  /** Null where one may only look. */
  onRestore: ((contract: Contract) => void) | null
}

/** Every version that was in force: when, whose, why, and what it changed. */
export function History({ policy, onRestore }: Props) {
  const { data: versions, error, refetch } = useQuery(policyVersionsOptions('contract'))
  return (
    <Panel title="History" note="Versions are never changed or removed. The newest is in force.">
      {error && !versions ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : versions === undefined ? (
        <SkeletonRows rows={3} />
      ) : versions.length === 0 ? (
        <p className="quiet">Nothing published yet: every event is stored as it comes.</p>
      ) : (
        <ol className={classes.timeline}>
          {versions.map((v, i) => (
            <Entry
              key={v.version}
              version={v}
              before={versions[i + 1]}
              inForce={v.version === policy.version}
              onRestore={v.version === policy.version ? null : onRestore}
            />
          ))}
        </ol>
      )}
    </Panel>
  )
}

interface EntryProps {
  version: Policy
  /** The version before; undefined before the first. */
  before: Policy | undefined
  inForce: boolean
  onRestore: ((contract: Contract) => void) | null
}

function Entry({ version: v, before, inForce, onRestore }: EntryProps) {
  const { tz } = useView()
  const [params, setParams] = useSearchParams()
  const opened = params.get('version') === String(v.version)
  const changes = changesBetween(contractOf(before ?? { document: {} }), contractOf(v))
  const toggle = () =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (opened) next.delete('version')
      else next.set('version', String(v.version))
      return next
    })
  return (
    <li data-current={inForce}>
      <div className={classes.entryHead}>
        <strong>Version {v.version}</strong>
        {inForce && <span className={classes.badge}>in force</span>}
        <span className="quiet">
          {v.created_at !== null && <Time at={v.created_at} zone={tz} />} · {v.created_by}
        </span>
      </div>
      {v.note !== '' && <p className={classes.noteText}>{v.note}</p>}
      <ul className={classes.changes}>
        {changes.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <div className={classes.entryActions}>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={toggle} aria-expanded={opened}>
          {opened ? 'Hide the document' : 'Show the document'}
        </Button>
        {onRestore && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => onRestore(contractOf(v))}
            aria-label={`Restore version ${v.version}`}
          >
            Restore
          </Button>
        )}
      </div>
      {opened && (
        <Diff
          before={before ? JSON.stringify(before.document, null, 2) : ''}
          after={JSON.stringify(v.document, null, 2)}
          language="json"
          names={[before ? `version ${before.version}` : 'nothing', `version ${v.version}`]}
        />
      )}
    </li>
  )
}
