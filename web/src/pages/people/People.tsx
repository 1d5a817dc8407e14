import { More } from '../../parts/More'
import { Button, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Search, UsersRound } from 'lucide-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { peopleOptions, type Person } from '../../api/people'
import { useMe } from '../../app/session'
import { formatNumber } from '../../numbers/format'
import { Page, Panel } from '../../parts/Page'
import { personPath } from '../../parts/person'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import { Kind } from './Kind'
import classes from './People.module.css'

/** Who was there last. */
export default function People() {
  const me = useMe()
  const [params] = useSearchParams()
  const id = params.get('id') ?? ''
  const answer = useInfiniteQuery(peopleOptions(id))
  const people = answer.data?.pages.flatMap((p) => p.people)
  return (
    <Page
      title="People"
      organization={me.tenant.name}
      lead="Who your events are about. IDs that belong together are one person, and count once."
    >
      <Panel label="People" flush actions={<FindById key={id} id={id} />}>
        {answer.error && !answer.data ? (
          <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
        ) : people === undefined ? (
          <SkeletonRows rows={10} />
        ) : people.length === 0 ? (
          <Nobody id={id} />
        ) : (
          <>
            <PeopleTable people={people} />
            <More answer={answer}>Show more people</More>
          </>
        )}
      </Panel>
    </Page>
  )
}

function FindById({ id }: { id: string }) {
  const [, setParams] = useSearchParams()
  const [text, setText] = useState(id)
  const find = (wanted: string) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (wanted === '') next.delete('id')
      else next.set('id', wanted)
      return next
    })
  return (
    <form
      role="search"
      className={classes.find}
      onSubmit={(e) => {
        e.preventDefault()
        find(text.trim())
      }}
    >
      <TextInput
        aria-label="User ID or anonymous ID"
        placeholder="A user ID or anonymous ID, in full"
        leftSection={<Search size={15} />}
        value={text}
        maxLength={256}
        onChange={(e) => setText(e.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Find
      </Button>
      {id !== '' && (
        <Button variant="subtle" color="gray" onClick={() => find('')}>
          Show everybody
        </Button>
      )}
    </form>
  )
}

function Nobody({ id }: { id: string }) {
  return id === '' ? (
    <Empty
      title="Nobody yet"
      icon={<UsersRound size={36} strokeWidth={1.4} />}
      action={
        <Button component={Link} to="/welcome" variant="default">
          How to send events
        </Button>
      }
    >
      Whoever an event names by <code>user_id</code> or <code>anonymous_id</code> shows here.
    </Empty>
  ) : (
    <Empty title="Nobody has this ID" icon={<UsersRound size={36} strokeWidth={1.4} />}>
      No stored event carries <span className="mono">{id}</span>. An ID is found when it is complete, as it was stored:
      redaction may have changed it.
    </Empty>
  )
}

function PeopleTable({ people }: { people: readonly Person[] }) {
  const { tz } = useView()
  return (
    <TableScroll label="People" className={classes.people}>
      <table>
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">Known as</th>
            <th scope="col">Last seen ({tz})</th>
            <th scope="col">First seen</th>
            <th scope="col" className="number">
              Events
            </th>
            <th scope="col" className="number">
              IDs
            </th>
          </tr>
        </thead>
        <tbody>
          {people.map((p) => (
            <tr key={p.person}>
              <td className={classes.who}>
                <Link to={personPath(p.person)}>{p.name ?? p.person}</Link>
                {p.name !== null && <div className={`mono quiet ${classes.id}`}>{p.person}</div>}
              </td>
              <td>
                <Kind kind={p.kind} />
              </td>
              <td className={classes.time}>
                <Time at={p.last_seen} zone={tz} />
              </td>
              <td className={classes.time}>
                <Time at={p.first_seen} zone={tz} />
              </td>
              <td className="number">{formatNumber(p.events)}</td>
              <td className="number">{formatNumber(p.ids)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
