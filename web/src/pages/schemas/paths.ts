export const subjectTabs = [
  ['versions', 'Versions'],
  ['compare', 'Compare'],
  ['next', 'New version'],
  ['code', 'Typed code'],
  ['settings', 'Settings'],
] as const

export type SubjectTab = (typeof subjectTabs)[number][0]

/** The address of a subject's page. */
export function subjectPath(subject: string, tab: SubjectTab = 'versions'): string {
  return `/data/schemas/subjects/${encodeURIComponent(subject)}/${tab}`
}
