import { useState } from 'react'
import type { Policy } from '../api/types'
import type { PolicyForm } from './form'

export interface Draft<D> {
  /** What is shown: the changes, or what is in force. */
  document: D
  /** The version that the changes were made from. */
  base: number
  /** From what is in force to what is shown. */
  changes: readonly string[]
  change: (next: D) => void
  /** Keeps the changes, as changes to what is in force now. */
  rebase: () => void
  discard: () => void
}

interface Kept<D> {
  base: number
  document: D
}

/** Changes to a policy that are not published. They are kept for this tab, so that a look at another page loses nothing. */
export function useDraft<D extends object>(form: PolicyForm<D>, tenant: string, inForce: Policy): Draft<D> {
  const key = keyOf(form, tenant)
  const [draft, setDraft] = useState<Kept<D> | null>(() => restore(form, key))
  const published = form.read(inForce)
  const document = draft?.document ?? published
  const keep = (next: Kept<D> | null) => {
    setDraft(next)
    if (next === null) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, JSON.stringify(next))
  }
  return {
    document,
    base: draft?.base ?? inForce.version,
    changes: form.changes(published, document),
    change: (next) =>
      keep(
        form.changes(published, next).length === 0 ? null : { base: draft?.base ?? inForce.version, document: next },
      ),
    rebase: () => keep(draft && { ...draft, base: inForce.version }),
    discard: () => keep(null),
  }
}

/** Keeps changes for the page of the policy, which shows them as not published. What was kept before is replaced. */
export function keepDraft<D extends object>(form: PolicyForm<D>, tenant: string, base: number, document: D) {
  sessionStorage.setItem(keyOf(form, tenant), JSON.stringify({ base, document } satisfies Kept<D>))
}

/** The changes that are kept for the page of the policy; null when there are none. */
export function keptDraft<D extends object>(form: PolicyForm<D>, tenant: string): Kept<D> | null {
  return restore(form, keyOf(form, tenant))
}

const keyOf = <D>(form: PolicyForm<D>, tenant: string) => `observatory-${form.kind}-${tenant}`

function restore<D extends object>(form: PolicyForm<D>, key: string): Kept<D> | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept<D> | null
    return kept && { base: kept.base, document: form.read({ document: kept.document as Record<string, unknown> }) }
  } catch {
    return null
  }
}
