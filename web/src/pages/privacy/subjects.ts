/** By what a person is named, as in the API. */
export type Kind = 'user_id' | 'anonymous_id' | 'email' | 'property'

/** A person as the API takes it: one of the names, or a property and its value. */
export interface Named {
  kind: Kind
  /** Of a property, such as properties.phone; empty otherwise. */
  path: string
  value: string
}

export const mostSubjects = 5000
export const mostBytes = 256

export const kindNames: Record<Kind, string> = {
  user_id: 'User ID',
  anonymous_id: 'Anonymous ID',
  email: 'E-mail address',
  property: 'Value of a property',
}

/** A line that names nobody, and why. Lines count from 1. */
export interface Unread {
  line: number
  text: string
  why: string
}

export interface Read {
  named: Named[]
  unread: Unread[]
  /** How many were named before in the same list. */
  twice: number
  /** The columns, where the first line says what they are. */
  columns: Column[] | null
}

type Column = Pick<Named, 'kind' | 'path'> | null

/**
 * Reads who is meant. Either each line is one person's ID, address or value, of the kind that is said beside it; or it is a table
 * (CSV, with commas, semicolons or tabs) whose first line names its columns as the API does: user_id, anonymous_id, email, or the path of a
 * property. Each cell of a table names somebody; that the cells of a line are one person shows when it is looked up.
 */
export function readSubjects(text: string, each: Pick<Named, 'kind' | 'path'>): Read {
  const lines = text.split(/\r\n|\r|\n/)
  const first = lines.findIndex((l) => l.trim() !== '')
  const columns = first < 0 ? null : columnsOf(lines[first] ?? '')
  const read: Read = { named: [], unread: [], twice: 0, columns: columns?.columns ?? null }
  const known = new Set<string>()

  const take = (kind: Kind, path: string, text: string, line: number) => {
    const value = kind === 'email' ? text.trim().toLowerCase() : text.trim()
    if (value === '') return
    const why = faultOf(kind, path, value)
    if (why !== null) {
      read.unread.push({ line, text: text.trim().slice(0, 60), why })
      return
    }
    const key = JSON.stringify([kind, path, value])
    if (known.has(key)) {
      read.twice++
      return
    }
    known.add(key)
    read.named.push({ kind, path, value })
  }

  lines.forEach((text, i) => {
    if (text.trim() === '') return
    if (columns === null) {
      take(each.kind, each.kind === 'property' ? each.path : '', text, i + 1)
    } else if (i > first) {
      cells(text, columns.separator).forEach((cell, c) => {
        const column = columns.columns[c]
        if (column) take(column.kind, column.path, cell, i + 1)
      })
    }
  })
  return read
}

/** Why this names nobody, in words; null when it does. What can be told here is told here: the API looks again. */
function faultOf(kind: Kind, path: string, value: string): string | null {
  if (kind === 'property' && !isPath(path)) return 'The property must begin with properties. or context.'
  if (new TextEncoder().encode(value).length > mostBytes) return `It is longer than ${mostBytes} bytes.`
  if (kind === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) return 'This is no e-mail address.'
  return null
}

export const isPath = (path: string) => /^(properties|context)\..+$/.test(path) && path.length <= mostBytes

/** The columns that the first line names; null when it is no such line. Columns of another name are left out. */
function columnsOf(line: string): { columns: Column[]; separator: string } | null {
  for (const separator of [',', ';', '\t']) {
    const columns = cells(line, separator).map((name) => columnOf(name.trim()))
    if (columns.some((c) => c !== null)) return { columns, separator }
  }
  return null
}

const columnNames: Record<string, Kind> = {
  user_id: 'user_id',
  userid: 'user_id',
  anonymous_id: 'anonymous_id',
  anonymousid: 'anonymous_id',
  email: 'email',
  'e-mail': 'email',
}

function columnOf(name: string): Column {
  const kind = columnNames[name.toLowerCase().replaceAll(' ', '_')]
  if (kind !== undefined) return { kind, path: '' }
  return isPath(name) && !/\s/.test(name) ? { kind: 'property', path: name } : null
}

/** The cells of a line; in quotes a cell may hold the separator, and two quotes are one (RFC 4180). */
function cells(line: string, separator: string): string[] {
  const found: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i)
    if (quoted && c === '"' && line[i + 1] === '"') {
      cell += '"'
      i++
    } else if (c === '"' && (quoted || cell.trim() === '')) {
      quoted = !quoted
      if (quoted) cell = ''
    } else if (c === separator && !quoted) {
      found.push(cell)
      cell = ''
    } else {
      cell += c
    }
  }
  found.push(cell)
  return found
}
