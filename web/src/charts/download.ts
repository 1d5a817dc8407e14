export type Cell = string | number | null | undefined

/**
 * A CSV file (RFC 4180, with a byte order mark so that spreadsheets read it as UTF-8). Text that a spreadsheet would run as a
 * formula gets an apostrophe before it: it may come from anybody who sends events.
 */
export function toCsv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => cells.map(field).join(',')
  return '\uFEFF' + [header, ...rows].map(line).join('\r\n') + '\r\n'
}

function field(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number') return String(cell)
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function saveText(name: string, text: string, type = 'text/csv;charset=utf-8') {
  save(name, new Blob([text], { type }))
}

/** Saves a data: URL, such as a picture of a chart. */
export function saveDataUrl(name: string, url: string) {
  const [head = '', body = ''] = url.split(',', 2)
  const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0))
  save(name, new Blob([bytes], { type: /:(.*?);/.exec(head)?.[1] ?? 'image/png' }))
}

function save(name: string, blob: Blob) {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** A file's name from words: observatory-page_view-2015-05-17.csv */
export function fileName(words: readonly string[], extension: string): string {
  const safe = words.map((w) => w.replaceAll(/[^\p{L}\p{N}_.-]+/gu, '-').replaceAll(/^-+|-+$/g, '')).filter(Boolean)
  return `${['observatory', ...safe].join('-').slice(0, 120)}.${extension}`
}
