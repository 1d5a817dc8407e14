import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ChevronRight, Search } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { catalogOptions } from '../../api/queries'
import type { CatalogEvent } from '../../api/types'
import { propertyName } from '../../filters/filter'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatTime } from '../../time/format'
import { useTravel, useView } from '../../view/useView'
import classes from './Catalog.module.css'
import { DataPage } from './DataPage'

/** Which events there are and what they carry. */
export default function Catalog() {
  const { tz } = useView()
  const [wanted, setWanted] = useState('')
  const { data, error, refetch } = useQuery(catalogOptions)
  const found = (data?.events ?? []).filter((e) => contains(e, wanted))
  return (
    <DataPage title="Catalog" lead="The events that were ever stored, and the properties that the newest of them have.">
      <Panel
        label="Events"
        flush
        actions={
          <TextInput
            aria-label="Search events and properties"
            placeholder="Event or property"
            leftSection={<Search size={15} />}
            value={wanted}
            onChange={(e) => setWanted(e.currentTarget.value)}
          />
        }
      >
        {error && !data ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : data === undefined ? (
          <SkeletonRows />
        ) : data.events.length === 0 ? (
          <Empty
            title="Nothing stored yet"
            action={
              <Button component={Link} to="/welcome">
                Send the first event
              </Button>
            }
          >
            Each event name shows here by itself once an event of it is stored, with its properties and their types.
          </Empty>
        ) : found.length === 0 ? (
          <Empty title="No such event or property">Nothing in the catalog contains “{wanted}”.</Empty>
        ) : (
          found.map((e) => <EventEntry key={e.event} event={e} zone={tz} opened={found.length <= 3} />)
        )}
      </Panel>
    </DataPage>
  )
}

function contains(e: CatalogEvent, wanted: string): boolean {
  const w = wanted.trim().toLowerCase()
  return e.event.toLowerCase().includes(w) || e.properties.some((p) => p.name.toLowerCase().includes(w))
}

function EventEntry({ event, zone, opened }: { event: CatalogEvent; zone: string; opened: boolean }) {
  const travel = useTravel()
  const explore = travel('/explore')
  return (
    <details className={classes.event} open={opened}>
      <summary>
        <ChevronRight size={16} aria-hidden="true" />
        <strong>{event.event}</strong>
        <span className="quiet">{event.type}</span>
        <span className={classes.count}>{plural(event.count, 'event')}</span>
        <span className={`quiet ${classes.seen}`}>
          last {formatTime(event.last_seen, zone)} {zone}
        </span>
      </summary>
      <div className={classes.body}>
        <p className="quiet">
          First {formatTime(event.first_seen, zone)}, last {formatTime(event.last_seen, zone)} {zone}. Shares are of the
          newest {formatNumber(Math.min(event.count, 10_000))} events.{' '}
          <Link to={`${explore}${explore.includes('?') ? '&' : '?'}event=${encodeURIComponent(event.event)}`}>
            Explore {event.event}
          </Link>
        </p>
        <TableScroll label={`Properties of ${event.event}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Property</th>
                <th scope="col">Type</th>
                <th scope="col" className="number">
                  Share
                </th>
                <th scope="col">Examples</th>
              </tr>
            </thead>
            <tbody>
              {event.properties.map((p) => (
                <tr key={p.name}>
                  <td className={`mono ${classes.name}`}>{propertyName(p.name)}</td>
                  <td>{p.types.join(', ')}</td>
                  <td className="number">{formatShare(p.share)}</td>
                  <td className={classes.examples}>{p.examples.slice(0, 3).join(' · ')}</td>
                </tr>
              ))}
              {event.properties.length === 0 && (
                <tr>
                  <td colSpan={4} className="quiet">
                    These events carry no properties.
                  </td>
                </tr>
              )}
            </tbody>
          </table>
        </TableScroll>
      </div>
    </details>
  )
}
