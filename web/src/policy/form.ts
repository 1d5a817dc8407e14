import type { Policy, PolicyKind } from '../api/types'

/** What the pages of a kind of policy have to know about its documents. */
export interface PolicyForm<D> {
  kind: PolicyKind
  /** The document, with what was left out filled in. */
  read: (policy: Pick<Policy, 'document'>) => D
  /** The document as the API takes it, where that is not what `read` makes of it. */
  write?: (document: D) => object
  /** What changes from one document to another, a line for each thing; none when they mean the same. */
  changes: (before: D, after: D) => string[]
  /** What the built-in policy means, for a kind where it is an empty document: versions are compared with nothing then. */
  emptyMeans?: string
}
