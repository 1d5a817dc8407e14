import type { MappingStep } from '../../api/replays'

export type Op = MappingStep['op']
export type Type = NonNullable<MappingStep['to_type']>

/** A step while it is written: every field as text, whichever it needs. */
export interface Draft {
  /** Tells the rows apart while they are moved. */
  key: number
  op: Op
  path: string
  from: string
  to: string
  toType: Type
  value: string
  separator: string
  into: string
}

export const opNames: Record<Op, string> = {
  rename: 'Rename',
  convert: 'Convert',
  default: 'Fill in',
  drop: 'Drop',
  split: 'Split',
  set_event: 'Name the event',
}

export const opMeanings: Record<Op, string> = {
  rename: 'Moves a value, in place of what is there.',
  convert: 'A value that cannot be converted stays as it is.',
  default: 'Sets what is missing or null.',
  drop: 'Removes it.',
  split: 'Makes several texts of one; the last takes the rest.',
  set_event: 'Gives the event another name.',
}

export const ops = Object.keys(opNames) as Op[]

export const typeNames: Record<Type, string> = {
  number: 'a number',
  integer: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  date_time: 'a time',
}

let keys = 0

export function newDraft(given: Partial<Omit<Draft, 'key'>> & { op: Op }): Draft {
  keys += 1
  return { path: '', from: '', to: '', toType: 'number', value: '', separator: ',', into: '', ...given, key: keys }
}

/** A step as the API takes it. Of what is written only what the step needs goes along. */
export function toStep(d: Draft): MappingStep {
  switch (d.op) {
    case 'rename':
      return { op: d.op, from: d.from.trim(), to: d.to.trim() }
    case 'convert':
      return { op: d.op, path: d.path.trim(), to_type: d.toType }
    case 'default':
      return { op: d.op, path: d.path.trim(), value: readValue(d.value) }
    case 'drop':
      return { op: d.op, path: d.path.trim() }
    case 'split':
      return { op: d.op, path: d.path.trim(), separator: d.separator, into: places(d.into) }
    case 'set_event':
      return { op: d.op, value: d.value.trim() }
  }
}

export function fromStep(s: MappingStep): Draft {
  return newDraft({
    op: s.op,
    ...(s.path === undefined ? {} : { path: s.path }),
    ...(s.from === undefined ? {} : { from: s.from }),
    ...(s.to === undefined ? {} : { to: s.to }),
    ...(s.to_type === undefined ? {} : { toType: s.to_type }),
    ...(s.value === undefined ? {} : { value: writeValue(s.op, s.value) }),
    ...(s.separator === undefined ? {} : { separator: s.separator }),
    ...(s.into === undefined ? {} : { into: s.into.join(', ') }),
  })
}

/** JSON as it is; what is none is a text. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The text that reads as a value again. */
function writeValue(op: Op, value: unknown): string {
  return typeof value === 'string' && (op === 'set_event' || readValue(value) === value) ? value : JSON.stringify(value)
}

function places(text: string): string[] {
  return text
    .split(',')
    .map((p) => p.trim())
    .filter(Boolean)
}

/** What is still to be said before the step can be tried; null when nothing is. */
export function flawOf(d: Draft): string | null {
  const missing = (text: string) => text.trim() === ''
  switch (d.op) {
    case 'rename':
      if (missing(d.from) || missing(d.to)) return 'Say from where and to where.'
      return d.from.trim() === d.to.trim() ? 'Both places are the same.' : null
    case 'convert':
    case 'drop':
      return missing(d.path) ? 'Say where.' : null
    case 'default':
      return missing(d.path) ? 'Say where.' : d.value === '' ? 'Say what to fill in.' : null
    case 'split':
      if (missing(d.path)) return 'Say where.'
      return d.separator === '' ? 'Say by what.' : places(d.into).length < 2 ? 'Say two places at least.' : null
    case 'set_event':
      return missing(d.value) ? 'Say which name.' : null
  }
}

/** A step in words. */
export function describeStep(s: MappingStep): string {
  switch (s.op) {
    case 'rename':
      return `Rename \`${s.from ?? ''}\` to \`${s.to ?? ''}\``
    case 'convert':
      return `Convert \`${s.path ?? ''}\` to ${typeNames[s.to_type ?? 'string']}`
    case 'default':
      return `Where \`${s.path ?? ''}\` is missing, fill in \`${JSON.stringify(s.value)}\``
    case 'drop':
      return `Drop \`${s.path ?? ''}\``
    case 'split':
      return `Split \`${s.path ?? ''}\` at \`${s.separator ?? ''}\` into ${(s.into ?? []).map((p) => `\`${p}\``).join(', ')}`
    case 'set_event':
      return `Name the event \`${String(s.value)}\``
  }
}

/** The steps that a link carries; none when it carries none that can be read. */
export function parseSteps(text: string | null): Draft[] {
  try {
    const given = JSON.parse(text ?? '[]') as unknown
    if (!Array.isArray(given)) return []
    return (given as MappingStep[]).filter((s) => ops.includes(s.op)).map(fromStep)
  } catch {
    return []
  }
}
