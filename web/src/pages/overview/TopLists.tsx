import type { Range } from '../../time/range'
import type { HeadlineMeasure } from './Headline'
import classes from './Overview.module.css'
import { TopList } from './TopList'

const pageView = 'page_view'

/** Top pages, referrers and events. Libraries put path and referrer in one of two places. */
export function TopLists({ range, measure }: { range: Range; measure: HeadlineMeasure }) {
  const common = { range, measure }
  return (
    <div className={classes.lists}>
      <TopList
        {...common}
        title="Top pages"
        event={pageView}
        breakdown="properties.path"
        otherwise="context.page.path"
        none="No path"
      />
      <TopList
        {...common}
        title="Top referrers"
        event={pageView}
        breakdown="properties.referrer"
        otherwise="context.page.referrer"
        none="No referrer"
      />
      <TopList {...common} title="Top events" event={null} breakdown="event" none="No name" />
    </div>
  )
}
