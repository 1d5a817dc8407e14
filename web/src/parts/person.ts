/** The page of the person whose ID this is, as of a day or a moment. */
export function personPath(id: string, asOf?: string): string {
  return `/people/${encodeURIComponent(id)}${asOf === undefined ? '' : `?as_of=${encodeURIComponent(asOf)}`}`
}
