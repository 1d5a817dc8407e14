/** What enrichment can find out, in the order in which it is done. */
export type StepName = 'user_agent' | 'bot' | 'geo' | 'campaign' | 'session' | 'service'

export interface Step {
  name: StepName
  title: string
  /** What it finds, and of what. */
  finds: string
  /** The facts that it makes, the first of them those that are shown with examples. */
  facts: readonly string[]
  example: readonly [before: string, after: string]
  /** What it needs that this page cannot give it. */
  needs?: string
}

export const steps: readonly Step[] = [
  {
    name: 'user_agent',
    title: 'Browser, system and device',
    finds: 'Reads the user agent: which browser, which system, what kind of device.',
    facts: ['browser', 'browser_version', 'os', 'os_version', 'device'],
    example: [
      'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
      'Firefox 133 · Linux · desktop',
    ],
  },
  {
    name: 'bot',
    title: 'Bots',
    finds:
      'Marks what a program sent, with the reason. Such events are stored like any other; queries can leave them out.',
    facts: ['bot'],
    example: ['Mozilla/5.0 (compatible; Googlebot/2.1; …)', 'crawler: Googlebot'],
  },
  {
    name: 'geo',
    title: 'Place',
    finds: 'Looks the visitor’s address up: country, region, city. The address itself is not stored.',
    facts: ['country', 'region', 'city'],
    example: ['203.0.113.0', 'DE · Berlin · Berlin'],
    needs:
      'It needs a file of places, and finds nothing until whoever runs this Observatory has named one (OBSERVATORY_GEO_DB).',
  },
  {
    name: 'campaign',
    title: 'Campaign and channel',
    finds:
      'How a visitor came: campaign parameters, whose advertisement was clicked, the site before, and the channel of it all.',
    facts: [
      'channel',
      'referrer_domain',
      'utm_source',
      'utm_medium',
      'utm_campaign',
      'utm_term',
      'utm_content',
      'click_id',
    ],
    example: ['https://shop.example/?utm_source=news&utm_medium=email', 'email · news'],
  },
  {
    name: 'session',
    title: 'Sessions',
    finds: 'Gives a session to events that come without one, and marks the event that began it.',
    facts: ['session_new'],
    example: ['two events of a person, 10 minutes apart', 'one session'],
  },
  {
    name: 'service',
    title: 'Services',
    finds:
      'Which part of a system an event comes from: as the event says, or else as you declare it for its source below.',
    facts: ['service', 'stage', 'service_version', 'host'],
    example: ['context.service.name: shop', 'service shop'],
  },
]
