import { useDebouncedCallback } from '@mantine/hooks'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { parseSteps, toStep, type Draft } from './mapping'
import { adviceFor } from './words'

/** How a cause is put right: by steps, or by rules that were changed. */
export type FixKind = 'mapping' | 'rules'

export interface Fix {
  kind: FixKind
  drafts: readonly Draft[]
  setKind: (kind: FixKind) => void
  setDrafts: (drafts: readonly Draft[]) => void
}

/** The chosen fix. It is kept in the URL, so that it survives a reload and can be shown to somebody else. */
export function useFix(code: string): Fix {
  const [params, setParams] = useSearchParams()
  const [drafts, setDrafts] = useState<readonly Draft[]>(() => parseSteps(params.get('mapping')))
  const write = (change: (next: URLSearchParams) => void) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now)
        change(next)
        return next
      },
      { replace: true },
    )
  // Not with every letter: browsers allow only so many changes of the address.
  const keep = useDebouncedCallback((steps: readonly Draft[]) => {
    write((next) => {
      if (steps.length === 0) next.delete('mapping')
      else next.set('mapping', JSON.stringify(steps.map(toStep)))
    })
  }, 400)
  return {
    kind: params.get('fix') === 'rules' && adviceFor(code).rules !== 'none' ? 'rules' : 'mapping',
    drafts,
    setKind: (kind) =>
      write((next) => {
        if (kind === 'mapping') next.delete('fix')
        else next.set('fix', kind)
      }),
    setDrafts: (steps) => {
      setDrafts(steps)
      keep(steps)
    },
  }
}
