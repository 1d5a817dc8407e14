import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { policyHistoryOptions } from '../api/policies'
import type { Policy } from '../api/types'
import { Diff } from '../code/Code'
import { Panel } from '../parts/Page'
import { ErrorNote, SkeletonRows } from '../parts/States'
import { Time } from '../parts/Time'
import { useView } from '../view/useView'
import type { PolicyForm } from './form'
import classes from './Policy.module.css'
import { review } from './review'

interface Props<D> {
  form: PolicyForm<D>
  policy: Policy
  /** Null where one may only look. */
  onRestore: ((document: D) => void) | null
}

/** Every version that was in force, down to the built-in one: when, whose, why, and what it changed. */
export function History<D>({ form, policy, onRestore }: Props<D>) {
  const { data, error, refetch } = useQuery(policyHistoryOptions(form.kind))
  const all = data && [...data.versions, data.default_policy]
  return (
    <Panel title="History" note="Versions are never changed or removed. The newest is in force.">
      {error && !all ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : all === undefined ? (
        <SkeletonRows rows={3} />
      ) : (
        <ol className={classes.timeline}>
          {all.map((v, i) => (
            <Entry
              key={v.version}
              form={form}
              version={v}
              before={all[i + 1]}
              inForce={v.version === policy.version}
              onRestore={v.version === policy.version ? null : onRestore}
            />
          ))}
        </ol>
      )}
    </Panel>
  )
}

interface EntryProps<D> {
  form: PolicyForm<D>
  version: Policy
  /** The version before; undefined before the built-in one. */
  before: Policy | undefined
  inForce: boolean
  onRestore: ((document: D) => void) | null
}

function Entry<D>({ form, version: v, before, inForce, onRestore }: EntryProps<D>) {
  const { tz } = useView()
  const [params, setParams] = useSearchParams()
  const opened = params.get('version') === String(v.version)
  const name = v.version === 0 ? 'the built-in policy' : `version ${v.version}`
  const compared = before?.version === 0 && form.emptyMeans !== undefined ? undefined : before
  const toggle = () =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now)
        if (opened) next.delete('version')
        else next.set('version', String(v.version))
        return next
      },
      { preventScrollReset: true },
    )
  return (
    <li data-current={inForce}>
      <div className={classes.row}>
        <strong>{v.version === 0 ? 'Built in' : `Version ${v.version}`}</strong>
        {inForce && <span className={classes.badge}>in force</span>}
        <span className="quiet">
          {v.created_at === null ? (
            [form.emptyMeans, 'until a first version is published'].filter(Boolean).join(', ')
          ) : (
            <>
              <Time at={v.created_at} zone={tz} /> · {v.created_by}
            </>
          )}
        </span>
      </div>
      {v.note !== '' && <p className={classes.note}>{v.note}</p>}
      {before !== undefined && (
        <ul className={classes.changes}>
          {form.changes(form.read(before), form.read(v)).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <div className={classes.entryActions}>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          onClick={toggle}
          aria-expanded={opened}
          aria-label={`${opened ? 'Hide' : 'Show'} the document of ${name}`}
        >
          {opened ? 'Hide the document' : 'Show the document'}
        </Button>
        {onRestore && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => {
              onRestore(form.read(v))
              // Once it is drawn.
              requestAnimationFrame(review)
            }}
            aria-label={`Restore ${name}`}
          >
            Restore
          </Button>
        )}
      </div>
      {opened && (
        <Diff
          before={compared ? JSON.stringify(compared.document, null, 2) : ''}
          after={JSON.stringify(v.document, null, 2)}
          language="json"
          names={[compared ? (compared.version === 0 ? 'built in' : `version ${compared.version}`) : 'nothing', name]}
        />
      )}
    </li>
  )
}
