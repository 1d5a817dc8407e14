import { describe, expect, it } from 'vitest'
import { fileName, toCsv } from './download'

describe('toCsv', () => {
  it('quotes what needs it', () => {
    expect(
      toCsv(
        ['time', 'path'],
        [
          ['2015-05-17', 'a,b'],
          ['x', 'say "hi"'],
          ['two\nlines', null],
        ],
      ),
    ).toBe('\uFEFFtime,path\r\n2015-05-17,"a,b"\r\nx,"say ""hi"""\r\n"two\nlines",\r\n')
  })

  it('leaves numbers as they are and unknown ones empty', () => {
    expect(toCsv(['n'], [[-1.5], [0], [null]])).toBe('\uFEFFn\r\n-1.5\r\n0\r\n\r\n')
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1'])('does not let a spreadsheet run %s', (text) => {
    expect(toCsv(['x'], [[text]])).toContain(`'${text}`)
  })
})

describe('fileName', () => {
  it('is safe on every system', () => {
    expect(fileName(['page_view', '17 – 20 May 2015', '../../etc'], 'csv')).toBe(
      'observatory-page_view-17-20-May-2015-..-..-etc.csv',
    )
  })
})
