import type { Replay, ReplayState } from '../../api/replays'
import type { Cause } from '../../api/types'

/** What is wrong, as it goes on after the event's name: "checkout does not fit its schema". */
const faults: Record<string, string> = {
  schema_violation: 'does not fit its schema',
  unknown_property: 'has a property that its schema does not know',
  unknown_event: 'is not in the contract',
  schema_unknown: 'names a schema that is not registered',
  schema_incompatible: 'was written with a schema that cannot be read',
  payload_invalid: 'has a payload that cannot be decoded',
  timestamp_out_of_range: 'has a time that is out of range',
  invalid_timestamp: 'has a time that cannot be read',
  event_name_missing: 'has no name',
  unknown_field: 'has a field that does not belong there',
  unknown_type: 'is of an unknown type',
  wrong_type: 'has a field of the wrong type',
  field_too_long: 'has a field that is too long',
  event_too_large: 'is larger than 32 KB',
  too_deep: 'is nested too deep',
  too_many_keys: 'has more than 1,000 keys',
  duplicate_key: 'has a key twice',
  number_out_of_range: 'has a number that is out of range',
  not_a_number: 'has a number that is none',
  invalid_utf8: 'is not valid UTF-8',
  invalid_json: 'is not valid JSON',
  not_an_object: 'is not an object',
}

/** What is wrong, without the event's name. A code that is newer than this page is told as it is. */
export const faultOf = (code: string): string => faults[code] ?? `breaks the rule ${code}`

/** The cause in plain words. */
export function causeTitle(cause: Pick<Cause, 'code' | 'event'>): string {
  return `${cause.event === '' ? 'An event' : cause.event} ${faultOf(cause.code)}`
}

/** Which rules could be at fault, so that a link to them helps. */
export type Rules = 'schema' | 'contract' | 'none'

/** What a cause is about, in the order in which people think of it: whose fault, then what helps. */
export interface Advice {
  /** Where the sender is right and our rules are not. */
  rules: Rules
  ifRules: string
  ifSender: string
}

const contractAdvice: Advice = {
  rules: 'contract',
  ifRules: 'If the events are right, change the contract. Then replay: nothing else is needed.',
  ifSender: 'If the sender is wrong, have it corrected, and put right what it has sent with a mapping.',
}

const wireAdvice: Advice = {
  rules: 'none',
  ifRules: '',
  ifSender: 'Have the sender corrected, and put right what it has sent with a mapping.',
}

export function adviceFor(code: string): Advice {
  switch (code) {
    case 'schema_violation':
    case 'unknown_property':
    case 'schema_incompatible':
      return {
        ...contractAdvice,
        rules: 'schema',
        ifRules:
          'If the events are right, register a new version of the schema, or let the contract warn instead. Then replay: nothing else is needed.',
      }
    case 'unknown_event':
      return {
        ...contractAdvice,
        ifRules: 'If the event is new, add it to the contract. Then replay: nothing else is needed.',
        ifSender: 'If the name is mistyped, have the sender corrected, and give what it has sent its right name.',
      }
    case 'schema_unknown':
      return {
        ...contractAdvice,
        rules: 'schema',
        ifRules: 'Register the schema that the sender writes with; what it sends from then on is read.',
        ifSender: 'Nothing is kept of a payload that could not be decoded: have the sender send those events again.',
      }
    default:
      return wireAdvice
  }
}

export const replayKinds: Record<Replay['kind'], string> = {
  repair: 'Repair',
  history: 'Replay of history',
  release: 'Release of held events',
}

export const stateNames: Record<ReplayState, string> = {
  waiting: 'Waiting',
  running: 'Running',
  pausing: 'Pausing',
  paused: 'Paused',
  cancelling: 'Cancelling',
  cancelled: 'Cancelled',
  done: 'Done',
  failed: 'Failed',
}

export const stateMeanings: Record<ReplayState, string> = {
  waiting: 'It begins as soon as there is room for it.',
  running: 'You can leave this page and come back: it goes on by itself.',
  pausing: 'What is under way is finished first.',
  paused: 'It rests until it is resumed. What was replayed stays so.',
  cancelling: 'What is under way is finished first.',
  cancelled: 'It was ended early. What was replayed stays so; the others are where they were.',
  done: 'Every event has had its turn.',
  failed: 'It could not go on. What was replayed stays so; the others are where they were.',
}

/** The counts of a replay that say something about it, with their names. */
export function countsOf(r: Replay): (readonly [name: string, events: number, meaning: string])[] {
  const c = r.counts
  const history = r.kind === 'history'
  const all = [
    ['Stored', c.stored, history ? 'Stored otherwise than they were.' : 'In the store, in every number.'],
    [
      'On their way',
      c.replayed,
      history ? 'Written, and on their way to the store.' : 'Sent again, and on their way to the store.',
    ],
    ['Duplicate', c.duplicate, 'An event with this event_id was stored meanwhile. Counted once.'],
    [
      history ? 'Do not fit' : 'Still quarantined',
      c.still_quarantined,
      history ? 'They do not fit the contract and stay as they are.' : 'They do not fit the rules.',
    ],
    ['Left out', c.skipped, 'Deleted or suppressed meanwhile, or nothing is left of them to repair.'],
    ['As before', c.unchanged, 'The rules make of them what is stored already.'],
  ] as const
  const always = history ? ['Stored', 'As before'] : ['Stored', 'Duplicate', 'Still quarantined']
  return all.filter(([name, n]) => n > 0 || always.includes(name))
}
