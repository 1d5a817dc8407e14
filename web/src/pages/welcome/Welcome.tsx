import { Button, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { useMe } from '../../app/session'
import { CodeBlock } from '../../parts/Copy'
import { Page, Panel } from '../../parts/Page'
import { FirstEvent } from './FirstEvent'
import { Keys } from './Keys'
import { newKeysKey, type NewKeys } from './newKeys'
import { keyPlaceholders, snippets } from './snippets'
import classes from './Welcome.module.css'

/** From the keys to the first event. */
export default function Welcome() {
  const me = useMe()
  const { data: keys = null } = useQuery<NewKeys | null>({
    queryKey: newKeysKey(me.tenant.id),
    queryFn: () => null,
    enabled: false,
  })
  const made = snippets(window.location.origin, keys ?? keyPlaceholders)
  return (
    <Page
      title="Send your first event"
      organization={me.tenant.name}
      lead="Two keys, one request, and it is on the chart."
    >
      <div className={classes.columns}>
        <div className={classes.steps}>
          <Keys keys={keys} />
          <Panel
            title="Send an event"
            note={keys === null ? 'Put your keys where YOUR_…_KEY stands.' : 'Ready to copy: your keys are in it.'}
          >
            <Tabs defaultValue="curl" keepMounted={false}>
              <Tabs.List className={classes.tabs}>
                {made.map((s) => (
                  <Tabs.Tab key={s.id} value={s.id}>
                    {s.name}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              {made.map((s) => (
                <Tabs.Panel key={s.id} value={s.id} pt="sm">
                  <p className={`quiet ${classes.how}`}>{s.how}</p>
                  <CodeBlock code={s.code} what={`the ${s.name} example`} />
                </Tabs.Panel>
              ))}
            </Tabs>
          </Panel>
        </div>
        <div className={classes.waiting}>
          <FirstEvent />
          <Button component={Link} to="/" variant="default" fullWidth>
            Go to the overview
          </Button>
        </div>
      </div>
    </Page>
  )
}
