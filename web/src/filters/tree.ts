import type { Condition, Filter } from './filter'

/** A filter as it is edited: groups of all, any or none of their members. */
export type Node = GroupNode | ConditionNode

export interface GroupNode {
  kind: 'group'
  id: number
  match: 'all' | 'any' | 'none'
  members: Node[]
}

export interface ConditionNode {
  kind: 'condition'
  id: number
  condition: Condition
}

export const matchNames: Record<GroupNode['match'], string> = {
  all: 'All of these',
  any: 'Any of these',
  none: 'None of these',
}

/** Makes IDs for the members of one tree, so that rows keep their identity while others come and go. */
export function counter(): () => number {
  let n = 0
  return () => ++n
}

/** The tree of a filter; its root is a group. */
export function toTree(filter: Filter | null, id: () => number): GroupNode {
  if (filter === null) return { kind: 'group', id: id(), match: 'all', members: [] }
  const node = toNode(filter, id)
  return node.kind === 'group' ? node : { kind: 'group', id: id(), match: 'all', members: [node] }
}

function toNode(filter: Filter, id: () => number): Node {
  const group = (match: GroupNode['match'], members: Filter[]): GroupNode => ({
    kind: 'group',
    id: id(),
    match,
    members: members.map((m) => toNode(m, id)),
  })
  if ('and' in filter) return group('all', filter.and)
  if ('or' in filter) return group('any', filter.or)
  if ('not' in filter) return group('none', 'or' in filter.not ? filter.not.or : [filter.not])
  return { kind: 'condition', id: id(), condition: filter }
}

/** The filter of a tree; null when nothing is left of it. Empty groups go: they would let everything through. */
export function toFilter(node: Node): Filter | null {
  if (node.kind === 'condition') return node.condition
  const members = node.members.map(toFilter).filter((f) => f !== null)
  if (members.length === 0) return null
  switch (node.match) {
    case 'all':
      return members.length === 1 ? (members[0] ?? null) : { and: members }
    case 'any':
      return members.length === 1 ? (members[0] ?? null) : { or: members }
    case 'none':
      return { not: members.length === 1 && members[0] !== undefined ? members[0] : { or: members } }
  }
}

/** The tree with one node changed, or taken out when the change returns null. */
export function edit<T extends Node>(node: T, id: number, change: (n: Node) => Node | null): T {
  if (node.kind === 'condition') return node
  const members = node.members.flatMap((m) => {
    const next = m.id === id ? change(m) : edit(m, id, change)
    return next === null ? [] : [next]
  })
  return { ...node, members }
}

export function conditions(node: Node): Condition[] {
  return node.kind === 'condition' ? [node.condition] : node.members.flatMap(conditions)
}
