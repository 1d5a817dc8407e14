/** The order in which the fields of an event are shown, whichever way it came. */
const order = [
  'event',
  'type',
  'event_id',
  'user_id',
  'anonymous_id',
  'session_id',
  'timestamp',
  'properties',
  'context',
]

/** What is found out about an event when it is stored would look like a change to it, where it was not sent. */
const foundOut = ['type', 'session_id', 'facts', 'bot']

/** An event as it is kept, laid out to be compared. Text that could not be read stays as it is. */
export function asKept(payload: string): string {
  const event = read(payload)
  return event === null ? payload : laidOut(event)
}

/** An event as it would be stored, laid out to be compared with what is kept of it. */
export function asStored(event: object, payload: string): string {
  const sent = Object.keys(read(payload) ?? {})
  return laidOut(Object.fromEntries(Object.entries(event).filter(([k]) => !foundOut.includes(k) || sent.includes(k))))
}

function read(payload: string): object | null {
  try {
    const value: unknown = JSON.parse(payload)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

function laidOut(event: object): string {
  const given = Object.entries(event).filter(([, v]) => !isEmpty(v))
  const place = (k: string) => (order.includes(k) ? order.indexOf(k) : order.length)
  return JSON.stringify(Object.fromEntries(given.sort(([a], [b]) => place(a) - place(b))), null, 2)
}

const isEmpty = (v: unknown) => typeof v === 'object' && v !== null && Object.keys(v).length === 0
