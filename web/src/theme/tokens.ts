/**
 * The colours of the dashboard, once for each theme. Everything else (the component library, the style sheets, the charts)
 * takes them from here. tokens.test.ts checks the contrast of each pair that is used.
 */
export interface Tokens {
  /** The page. */
  bg: string
  /** Wells in the page: code, the rail. */
  sunken: string
  /** Cards. */
  surface: string
  /** Menus and dialogs, which lie above cards. */
  raised: string
  line: string
  /** The outline of a control, which must be seen to find the control. */
  lineStrong: string
  text: string
  muted: string
  faint: string
  /** Aurora teal: what can be acted on. */
  accent: string
  accentHover: string
  /** Text on the accent. */
  accentInk: string
  accentSoft: string
  /** Amber: what needs attention. */
  attention: string
  attentionSoft: string
  /** Red: loss, and acts that lose something. */
  loss: string
  lossInk: string
  lossSoft: string
  /** Eight series, in this order, also for the colour-blind. None is the accent. */
  series: readonly string[]
}

export type Scheme = 'dark' | 'light'

/** An observatory at night. */
const dark: Tokens = {
  bg: '#0b1222',
  sunken: '#080e1b',
  surface: '#111a2e',
  raised: '#18233b',
  line: '#243150',
  lineStrong: '#5a6d98',
  text: '#e9eefa',
  muted: '#a9b6d1',
  faint: '#8b9bbd',
  accent: '#4fe0c2',
  accentHover: '#7be9d2',
  accentInk: '#04201b',
  accentSoft: '#12303a',
  attention: '#f5bd55',
  attentionSoft: '#2c2a2c',
  loss: '#ff8a8a',
  lossInk: '#2b0707',
  lossSoft: '#33202f',
  series: ['#49b0f1', '#da7c1f', '#7f68e6', '#bbedb3', '#ab6994', '#d2c650', '#37dcf5', '#a2a4a6'],
}

/** The log book on the desk. */
const light: Tokens = {
  bg: '#f6f1e7',
  sunken: '#efe8da',
  surface: '#fffdf8',
  raised: '#ffffff',
  line: '#e2d9c6',
  lineStrong: '#8f866f',
  text: '#1c2333',
  muted: '#4f5769',
  faint: '#5f6577',
  accent: '#0b7568',
  accentHover: '#095e54',
  accentInk: '#ffffff',
  accentSoft: '#dcefe9',
  attention: '#855600',
  attentionSoft: '#faedd2',
  loss: '#b42318',
  lossInk: '#ffffff',
  lossSoft: '#fbe5e1',
  series: ['#2a83c4', '#b98233', '#7526a0', '#1a5017', '#75075e', '#6b6c30', '#2c6c7a', '#88898b'],
}

export const tokens: Record<Scheme, Tokens> = { dark, light }

/** The colour of series number i; after eight they begin again. */
export function seriesColor(t: Tokens, i: number): string {
  return t.series[i % t.series.length] ?? t.text
}
