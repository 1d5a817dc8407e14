import { expect, test } from 'vitest'
import { inSpells } from './spells'

test('moments in one state by one actor stand together, in their order', () => {
  const m = (state: 'verified' | 'deleting' | 'completed', actor: string, text: string) => ({
    at: '',
    state,
    actor,
    text,
  })
  const spells = inSpells([
    m('verified', 'ada', 'Filed.'),
    m('verified', '', 'Known.'),
    m('deleting', '', 'a'),
    m('deleting', '', 'b'),
    m('completed', '', ''),
  ])
  expect(spells.map((s) => s.entries.map((e) => e.text))).toEqual([['Filed.'], ['Known.'], ['a', 'b'], ['']])
  expect(inSpells([])).toEqual([])
})
