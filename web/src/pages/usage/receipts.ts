// "rcp_" and 25 bytes in our base32, which has no i, l, o, u.
const form = /\brcp_[0-9abcdefghjkmnpqrstvwxyz]{40}(?![0-9a-z])/g

/** What was found in a pasted text. */
export interface Pasted {
  /** Receipts, each once, in the order in which they stand there. */
  receipts: string[]
  /** How many stood there again. */
  repeated: number
}

/**
 * Finds receipts in whatever was pasted: a column of them, answers of the API as they were logged, a whole log file. Anything else in it
 * is passed over.
 */
export function findReceipts(text: string): Pasted {
  const all = text.match(form) ?? []
  const receipts = [...new Set(all)]
  return { receipts, repeated: all.length - receipts.length }
}
