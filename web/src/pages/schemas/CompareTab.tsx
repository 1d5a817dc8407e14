import { SegmentedControl, Select } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { GitCompareArrows } from 'lucide-react'
import { useSearchParams } from 'react-router'
import { Diff } from '../../code/Code'
import { Panel } from '../../parts/Page'
import { Empty } from '../../parts/States'
import type { Registered } from './registry'
import classes from './Schemas.module.css'
import { languageOf, readable } from './text'

/** What changed between two versions, side by side or in one column. */
export function CompareTab({ versions }: { versions: readonly Registered[] }) {
  const [params, setParams] = useSearchParams()
  const wide = useMediaQuery('(min-width: 62em)', true)
  const [newest, second] = versions
  if (newest === undefined || second === undefined) {
    return (
      <Panel label="Compare">
        <Empty title="Nothing to compare with" icon={<GitCompareArrows size={36} strokeWidth={1.4} />}>
          There is one version only. Once there is another, what changed shows here.
        </Empty>
      </Panel>
    )
  }
  const at = (name: string) => versions.find((v) => String(v.version) === params.get(name))
  const [a, b] = [at('a') ?? second, at('b') ?? newest]
  const split = wide && params.get('view') !== 'unified'
  const set = (name: string, value: string) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      next.set(name, value)
      return next
    })
  const choices = versions.map((v) => ({ value: String(v.version), label: `Version ${v.version}` }))
  return (
    <Panel
      title={`From version ${a.version} to ${b.version}`}
      actions={
        <>
          <Select
            aria-label="From"
            w={130}
            data={choices}
            value={String(a.version)}
            onChange={(v) => v !== null && set('a', v)}
            allowDeselect={false}
          />
          <Select
            aria-label="To"
            w={130}
            data={choices}
            value={String(b.version)}
            onChange={(v) => v !== null && set('b', v)}
            allowDeselect={false}
          />
          {wide && (
            <SegmentedControl
              aria-label="View"
              data={[
                { value: 'split', label: 'Side by side' },
                { value: 'unified', label: 'In one' },
              ]}
              value={split ? 'split' : 'unified'}
              onChange={(v) => set('view', v)}
            />
          )}
        </>
      }
    >
      {readable(a) === readable(b) ? (
        <p className={`quiet ${classes.flat}`}>Nothing: both have the same text.</p>
      ) : (
        <Diff
          before={readable(a)}
          after={readable(b)}
          language={languageOf(b.type)}
          names={[`version ${a.version}`, `version ${b.version}`]}
          split={split}
        />
      )}
    </Panel>
  )
}
