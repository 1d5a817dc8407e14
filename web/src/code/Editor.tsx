import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, indentOnInput } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { useEffect, useEffectEvent, useRef } from 'react'
import { Copy } from '../parts/Copy'
import classes from './Code.module.css'
import { base, type Language } from './language'

export interface EditorProps {
  value: string
  language: Language
  /** What the code is, for screen readers and the copy button: "the schema". */
  label: string
  /** Where the code can be written. */
  onChange?: (value: string) => void
  invalid?: boolean
}

/** Tab leaves the editor, as everywhere else on the page: nobody is caught in it. */
export default function Editor({ value, language, label, onChange, invalid = false }: EditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const editable = onChange !== undefined
  const changed = useEffectEvent((text: string) => onChange?.(text))
  const initial = useEffectEvent(() => value)

  useEffect(() => {
    if (host.current === null) return
    const made = new EditorView({
      parent: host.current,
      doc: initial(),
      extensions: [
        base(language, label),
        lineNumbers(),
        editable
          ? [
              history(),
              drawSelection(),
              indentOnInput(),
              bracketMatching(),
              highlightActiveLine(),
              keymap.of([...defaultKeymap, ...historyKeymap]),
              EditorView.lineWrapping,
              EditorView.updateListener.of((u) => {
                if (u.docChanged) changed(u.state.doc.toString())
              }),
            ]
          : [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping],
      ],
    })
    view.current = made
    return () => {
      made.destroy()
      view.current = null
    }
  }, [language, label, editable])

  useEffect(() => {
    const shown = view.current
    if (shown === null || shown.state.doc.toString() === value) return
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } })
  }, [value])

  return (
    <div className={classes.frame} data-editable={editable} data-invalid={invalid}>
      <div ref={host} className={classes.editor} />
      <div className={classes.corner}>
        <Copy value={value} what={label} />
      </div>
    </div>
  )
}
