import { useState } from 'react'
import type { Policy } from '../../api/types'
import { changesBetween, contractOf, type Contract } from './contract'

export interface Draft {
  /** What is shown: the changes, or what is in force. */
  contract: Contract
  /** The version that the changes were made from. */
  base: number
  changes: readonly string[]
  change: (next: Contract) => void
  discard: () => void
}

/** Changes to the contract that are not published. They are kept for this tab, so that a look at another page loses nothing. */
export function useDraft(tenant: string, inForce: Policy): Draft {
  const key = `observatory-contract-${tenant}`
  const [draft, setDraft] = useState<{ base: number; contract: Contract } | null>(() => restore(key))
  const published = contractOf(inForce)
  const contract = draft?.contract ?? published
  const keep = (next: { base: number; contract: Contract } | null) => {
    setDraft(next)
    if (next === null) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, JSON.stringify(next))
  }
  return {
    contract,
    base: draft?.base ?? inForce.version,
    changes: changesBetween(published, contract),
    change: (next) =>
      keep(
        changesBetween(published, next).length === 0 ? null : { base: draft?.base ?? inForce.version, contract: next },
      ),
    discard: () => keep(null),
  }
}

function restore(key: string): { base: number; contract: Contract } | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as { base: number; contract: Contract } | null
    return kept && { base: kept.base, contract: contractOf({ document: { ...kept.contract } }) }
  } catch {
    return null
  }
}
