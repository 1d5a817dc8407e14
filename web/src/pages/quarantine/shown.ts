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

/** What is found out about an event when it is stored was not sent, and would look like a change to it. */
const foundOut = ['facts', 'bot']

/** An event as it is kept, laid out to be compared. Text that could not be read stays as it is. */
export function asKept(payload: string): string {
  try {
    return laidOut(JSON.parse(payload) as object)
  } catch {
    return payload
  }
}

/** An event as it would be stored, laid out to be compared with what is kept of it. */
export function asStored(event: object): string {
  return laidOut(event)
}

function laidOut(event: object): string {
  const given = Object.entries(event).filter(
    ([k, v]) => !foundOut.includes(k) && !isEmpty(v) && !(k === 'type' && v === 'track'),
  )
  const place = (k: string) => (order.includes(k) ? order.indexOf(k) : order.length)
  return JSON.stringify(Object.fromEntries(given.sort(([a], [b]) => place(a) - place(b))), null, 2)
}

const isEmpty = (v: unknown) => typeof v === 'object' && v !== null && Object.keys(v).length === 0
