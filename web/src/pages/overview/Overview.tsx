import { Button, Skeleton } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Telescope } from 'lucide-react'
import { Link, useSearchParams } from 'react-router'
import { newestOptions } from '../../api/queries'
import { useNewEvents } from '../../api/stream'
import { trendsKey } from '../../api/trends'
import { useMe } from '../../app/session'
import { Page } from '../../parts/Page'
import { Empty, ErrorNote } from '../../parts/States'
import { isOpen } from '../../time/range'
import { useShownRange, useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { Headline, type HeadlineMeasure } from './Headline'
import { NewestEventsNote } from './NewestEventsNote'
import classes from './Overview.module.css'
import { TopLists } from './TopLists'

/** What is happening: how many events and visitors, how that compares, and what they are. */
export default function Overview() {
  const me = useMe()
  const view = useView()
  const shown = useShownRange()
  const [params, setParams] = useSearchParams()
  const measure: HeadlineMeasure = params.get('measure') === 'unique_users' ? 'unique_users' : 'count'
  const choose = (m: HeadlineMeasure) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (m === 'count') next.delete('measure')
      else next.set('measure', m)
      return next
    })

  // New events show by themselves, within a second or so.
  const client = useQueryClient()
  const live = shown.range !== null && isOpen(shown.range, view.tz, new Date())
  useNewEvents(live || shown.noEvents, async () => {
    await client.invalidateQueries({ queryKey: shown.noEvents ? newestOptions.queryKey : trendsKey })
  })

  const page = (children: React.ReactNode) => (
    <Page title="Overview" organization={me.tenant.name} bar={<ViewBar range={shown.range} />}>
      {children}
    </Page>
  )
  if (shown.error) return page(<ErrorNote error={shown.error} retry={shown.retry} />)
  if (shown.range === null) {
    return page(
      <>
        <Skeleton height={470} radius="lg" />
        <div className={classes.lists}>
          {[0, 1, 2].map((i) => (
            <Skeleton key={i} height={420} radius="lg" />
          ))}
        </div>
      </>,
    )
  }
  if (shown.noEvents && view.query === null) {
    return page(
      <Empty
        icon={<Telescope size={40} strokeWidth={1.4} />}
        title="No events yet"
        action={
          <Button component={Link} to="/welcome">
            Send the first event
          </Button>
        }
      >
        Here you will see how many events and visitors there are, how that compares with the period before, and which
        pages and referrers they come with. It takes one request to begin.
      </Empty>,
    )
  }
  return page(
    <>
      <NewestEventsNote shown={shown} />
      <Headline range={shown.range} measure={measure} onMeasure={choose} />
      <TopLists range={shown.range} measure={measure} />
    </>,
  )
}
