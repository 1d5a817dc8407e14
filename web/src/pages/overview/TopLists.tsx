import { useQuery } from '@tanstack/react-query'
import { catalogOptions } from '../../api/queries'
import type { Catalog } from '../../api/types'
import { TopList } from './TopList'
import type { HeadlineMeasure } from './Headline'
import classes from './Overview.module.css'
import type { Range } from '../../time/range'

const pageView = 'page_view'

/** Top pages, referrers and events. */
export function TopLists({ range, measure }: { range: Range; measure: HeadlineMeasure }) {
  const { data: catalog } = useQuery(catalogOptions)
  const referrer = firstProperty(catalog, ['properties.referrer', 'context.page.referrer'])
  const path = firstProperty(catalog, ['properties.path', 'context.page.path'])
  const common = { range, measure }
  return (
    <div className={classes.lists}>
      <TopList {...common} title="Top pages" event={pageView} breakdown={path} none="No path" />
      <TopList {...common} title="Top referrers" event={pageView} breakdown={referrer} none="No referrer" />
      <TopList {...common} title="Top events" event={null} breakdown="event" none="No name" />
    </div>
  )
}

/** Which of the properties page views have: SDKs and importers put the same thing in different places. */
function firstProperty(catalog: Catalog | undefined, names: readonly [string, ...string[]]): string {
  const known = catalog?.events.find((e) => e.event === pageView)?.properties ?? []
  return names.find((n) => known.some((p) => p.name === n)) ?? names[0]
}
