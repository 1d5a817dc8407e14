import type { Language } from '../../code/language'
import type { SchemaType } from './registry'

export function languageOf(type: SchemaType): Language {
  return type === 'PROTOBUF' ? 'protobuf' : 'json'
}

/** The text of a schema as a person reads it: JSON on a line of its own for each member. */
export function readable({ type, schema }: { type: SchemaType; schema: string }): string {
  if (type === 'PROTOBUF') return schema
  try {
    return JSON.stringify(JSON.parse(schema), null, 2)
  } catch {
    return schema
  }
}
