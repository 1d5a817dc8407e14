/** Copy-ready ways to send the first event. They are run by tests/e2e, so they are known to work. */
export interface Snippet {
  id: string
  name: string
  /** What to do with it. */
  how: string
  code: string
}

export const keyPlaceholders = { publishable: 'YOUR_PUBLISHABLE_KEY', secret: 'YOUR_SECRET_KEY' }

export function snippets(origin: string, keys: { publishable: string; secret: string }): Snippet[] {
  const { protocol, host } = new URL(origin)
  return [
    {
      id: 'curl',
      name: 'curl',
      how: 'In a terminal. This is the quickest way to see an event arrive.',
      code: `curl ${origin}/v1/events \\
  -H 'Authorization: Bearer ${keys.secret}' \\
  -H 'Content-Type: application/json' \\
  -d '{"event": "page_view", "anonymous_id": "visitor-1", "properties": {"path": "/pricing"}}'
`,
    },
    {
      id: 'page',
      name: 'JavaScript',
      how: 'In a web page. The publishable key may stand in its source: it can only send.',
      code: `<script type="module">
  const visitor = (localStorage.visitor ??= crypto.randomUUID())

  export function track(event, properties) {
    return fetch('${origin}/v1/events', {
      method: 'POST',
      keepalive: true,
      headers: {
        Authorization: 'Bearer ${keys.publishable}',
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({
        event,
        event_id: crypto.randomUUID(),
        anonymous_id: visitor,
        properties,
      }),
    })
  }

  track('page_view', { path: location.pathname, referrer: document.referrer })
</script>
`,
    },
    {
      id: 'segment',
      name: "Segment's client",
      how: 'For sites that use analytics-next: it works unmodified, with its host changed to this one.',
      code: `import { AnalyticsBrowser } from '@segment/analytics-next'

const analytics = AnalyticsBrowser.load(
  { writeKey: '${keys.publishable}', cdnURL: '${origin}' },
  {
    integrations: {
      'Segment.io': { apiHost: '${host}/v1', protocol: '${protocol.replace(':', '')}' },
    },
  },
)

analytics.page()
`,
    },
    {
      id: 'python',
      name: 'Python',
      how: 'On a server, with nothing to install.',
      code: `import json, urllib.request

request = urllib.request.Request(
    "${origin}/v1/events",
    data=json.dumps({
        "event": "page_view",
        "anonymous_id": "visitor-1",
        "properties": {"path": "/pricing"},
    }).encode(),
    headers={
        "Authorization": "Bearer ${keys.secret}",
        "Content-Type": "application/json",
    },
)
print(urllib.request.urlopen(request).read().decode())
`,
    },
  ]
}
