/** Where to go after the login: a path of this dashboard, whatever the link says. */
export function nextPath(params: URLSearchParams): string {
  const next = params.get('next') ?? '/'
  // "//host" and "/\host" are other hosts.
  return /^\/(?![/\\])/.test(next) ? next : '/'
}
