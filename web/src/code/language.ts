import { json } from '@codemirror/lang-json'
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language'
import { typescript } from '@codemirror/legacy-modes/mode/javascript'
import { go } from '@codemirror/legacy-modes/mode/go'
import { protobuf } from '@codemirror/legacy-modes/mode/protobuf'
import { python } from '@codemirror/legacy-modes/mode/python'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { getNonce } from 'get-nonce'

export type Language = 'json' | 'protobuf' | 'go' | 'typescript' | 'python'

const languages: Record<Language, () => Extension> = {
  json,
  protobuf: () => StreamLanguage.define(protobuf),
  go: () => StreamLanguage.define(go),
  typescript: () => StreamLanguage.define(typescript),
  python: () => StreamLanguage.define(python),
}

// Few colours, each from the tokens, so that every pair keeps its contrast in both themes.
const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.variableName)], color: 'var(--obs-text)', fontWeight: '500' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--obs-accent)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--obs-attention)' },
  { tag: [tags.keyword, tags.typeName, tags.className], color: 'var(--obs-attention)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--obs-faint)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.bracket, tags.separator], color: 'var(--obs-muted)' },
])

const look = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--obs-text)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.6' },
  '.cm-content': { padding: '0.6rem 0', caretColor: 'var(--obs-accent)' },
  '.cm-cursor': { borderLeftColor: 'var(--obs-accent)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--obs-faint)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--obs-hover)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--obs-accent) 28%, transparent)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--obs-accent-soft)',
    outline: 'none',
  },
})

/** What every piece of code has in common: its language, its look, its name for screen readers, and the page's nonce. */
export function base(language: Language, label: string): Extension {
  return [
    languages[language](),
    syntaxHighlighting(highlight),
    look,
    EditorView.cspNonce.of(getNonce() ?? ''),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false' }),
  ]
}
