import { describe, expect, test } from 'vitest'
import { readSubjects } from './subjects'

const users = { kind: 'user_id', path: '' } as const
const emails = { kind: 'email', path: '' } as const

describe('who is named', () => {
  test('each line is one person, blank lines and repetitions are none', () => {
    const read = readSubjects('u1\r\n\n  u2 \nu1\n', users)
    expect(read.named.map((n) => n.value)).toEqual(['u1', 'u2'])
    expect(read.twice).toBe(1)
    expect(read.columns).toBeNull()
  })

  test('addresses are compared in lower case, and what is none is told with its line', () => {
    const read = readSubjects('Ann@Example.com\nann@example.com\nnobody', emails)
    expect(read.named).toEqual([{ kind: 'email', path: '', value: 'ann@example.com' }])
    expect(read.twice).toBe(1)
    expect(read.unread).toEqual([{ line: 3, text: 'nobody', why: 'This is no e-mail address.' }])
  })

  test('user IDs keep their case', () => {
    expect(readSubjects('U1\nu1', users).named.map((n) => n.value)).toEqual(['U1', 'u1'])
  })

  test.each([',', ';', '\t'])('a table with its columns named, cut by %j', (cut) => {
    const text =
      ['user_id', 'name', 'E-Mail', 'properties.phone'].join(cut) +
      '\n' +
      ['u1', 'Ann', '"Ann@example.com"', '1'].join(cut)
    const read = readSubjects(text, emails)
    expect(read.named).toEqual([
      { kind: 'user_id', path: '', value: 'u1' },
      { kind: 'email', path: '', value: 'ann@example.com' },
      { kind: 'property', path: 'properties.phone', value: '1' },
    ])
    expect(read.columns).toEqual([users, null, emails, { kind: 'property', path: 'properties.phone' }])
  })

  test('a single column with its name is a table too', () => {
    expect(readSubjects('email\na@b.c', users).named).toEqual([{ kind: 'email', path: '', value: 'a@b.c' }])
  })

  test('quotes hold separators and quotes, and cells may be empty', () => {
    const read = readSubjects('user_id,anonymous_id\n"a,""b""",\n,x', users)
    expect(read.named).toEqual([
      { kind: 'user_id', path: '', value: 'a,"b"' },
      { kind: 'anonymous_id', path: '', value: 'x' },
    ])
  })

  test('a value of a property needs the path, and bytes count, not letters', () => {
    expect(readSubjects('1', { kind: 'property', path: 'phone' }).unread[0]?.why).toContain('properties.')
    expect(readSubjects('1', { kind: 'property', path: 'properties.phone' }).named).toHaveLength(1)
    expect(readSubjects('ü'.repeat(129), users).unread[0]?.why).toBe('It is longer than 256 bytes.')
    expect(readSubjects('ü'.repeat(128), users).named).toHaveLength(1)
  })

  test('nothing is nobody', () => {
    expect(readSubjects(' \n\t\n', users)).toEqual({ named: [], unread: [], twice: 0, columns: null })
  })
})
