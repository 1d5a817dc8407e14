import { formatExactTime, formatTime } from '../time/format'

/** An instant, told in the zone; its exact form in UTC on hover and to machines. */
export function Time({ at, zone, exact = false }: { at: string; zone: string; exact?: boolean }) {
  return (
    <time dateTime={at} title={`${formatExactTime(at, 'UTC')} UTC`}>
      {exact ? formatExactTime(at, zone) : formatTime(at, zone)}
    </time>
  )
}
