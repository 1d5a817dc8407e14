import { describe, expect, it } from 'vitest'
import type { Filter } from './filter'
import { conditions, counter, edit, toFilter, toTree } from './tree'

const a: Filter = { property: 'properties.a', operator: 'equals', value: '1' }
const b: Filter = { property: 'properties.b', operator: 'is_set' }
const c: Filter = { property: 'properties.c', operator: 'greater', value: 3 }

describe('a filter', () => {
  it.each<Filter>([
    a,
    { and: [a, b] },
    { or: [a, { and: [b, c] }] },
    { not: a },
    { not: { or: [a, b] } },
    { and: [{ not: { or: [a, b] } }, { or: [b, c] }] },
  ])('comes back from its tree: %o', (filter) => expect(toFilter(toTree(filter, counter()))).toEqual(filter))

  it('loses groups without members', () => {
    expect(toFilter(toTree(null, counter()))).toBeNull()
    expect(toFilter(toTree({ and: [a, { or: [] }, { not: { or: [] } }] }, counter()))).toEqual(a)
  })
})

describe('edit', () => {
  it('changes one place, however deep', () => {
    const tree = toTree({ and: [a, { or: [b, c] }] }, counter())
    const deep = tree.members[1]
    if (deep?.kind !== 'group' || deep.members[0] === undefined) throw new Error('unexpected tree')
    const changed = edit(tree, deep.members[0].id, (n) => (n.kind === 'condition' ? { ...n, condition: a } : n))
    expect(toFilter(changed)).toEqual({ and: [a, { or: [a, c] }] })
    expect(toFilter(edit(tree, deep.id, () => null))).toEqual(a)
    expect(toFilter(tree)).toEqual({ and: [a, { or: [b, c] }] })
  })

  it('gives every row its own ID', () => {
    const tree = toTree({ and: [a, { or: [b, c] }] }, counter())
    expect(conditions(tree)).toEqual([a, b, c])
    const ids = JSON.stringify(tree).match(/"id":\d+/g) ?? []
    expect(new Set(ids).size).toBe(ids.length)
  })
})
