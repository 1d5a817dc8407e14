import { MergeView, unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import classes from './Code.module.css'
import { base, type Language } from './language'

export interface DiffProps {
  before: string
  after: string
  language: Language
  /** What each side is: "version 1", "version 2". */
  names: readonly [before: string, after: string]
  /** Side by side, or one below the other. */
  split?: boolean
}

const readOnly = [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping, lineNumbers()]
const collapse = { margin: 3, minSize: 8 }

export default function Diff({ before, after, language, names: [left, right], split = false }: DiffProps) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const parent = host.current
    if (parent === null) return
    const view = split
      ? new MergeView({
          parent,
          a: { doc: before, extensions: [base(language, left), readOnly] },
          b: { doc: after, extensions: [base(language, right), readOnly] },
          collapseUnchanged: collapse,
        })
      : new EditorView({
          parent,
          doc: after,
          extensions: [
            base(language, `${left} compared with ${right}`),
            readOnly,
            unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: collapse }),
          ],
        })
    return () => view.destroy()
  }, [before, after, language, left, right, split])
  return (
    <div className={classes.frame}>
      <div className={classes.sides} data-split={split} aria-hidden="true">
        <span data-side="before">{left}</span>
        <span data-side="after">{right}</span>
      </div>
      <div ref={host} className={classes.diff} />
    </div>
  )
}
