import { Anchor } from '@mantine/core'
import { formatMonth, formatRange } from '../../time/format'
import { rangeOfEvents, resolve } from '../../time/range'
import { useSeen, useView, type ShownRange } from '../../view/useView'
import classes from './Overview.module.css'

/** Says which range is shown and why, where it is not the usual one, and offers the newest events where the range holds none. */
export function NewestEventsNote({ shown }: { shown: ShownRange }) {
  const view = useView()
  const seen = useSeen()
  if (shown.range === null) return null
  if (shown.because === 'newest-events') {
    return (
      <p className={classes.note} role="status">
        Nothing happened in the last 7 days, so these are your newest events: {formatRange(shown.range, view.tz)}.{' '}
        <Anchor
          component="button"
          type="button"
          onClick={() => view.change({ range: { kind: 'preset', preset: '7d' } })}
        >
          Show the last 7 days
        </Anchor>
      </p>
    )
  }
  const { from } = resolve(shown.range, view.tz, new Date())
  if (shown.because !== 'chosen' || !seen || seen.last >= from) return null
  const newest = rangeOfEvents(seen.first, seen.last, view.tz)
  return (
    <p className={classes.note} role="status">
      Your newest events are from {formatMonth(seen.last, view.tz)}.{' '}
      <Anchor component="button" type="button" onClick={() => view.change({ range: newest })}>
        Show them
      </Anchor>
    </p>
  )
}
