import { Autocomplete, Button, SegmentedControl, Select, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Ban, CircleCheck, PauseCircle, Search, ShieldOff } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { suppressionsOptions, useLookUp, type Suppression, type SuppressionState } from '../../api/privacy'
import { catalogOptions } from '../../api/queries'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { knownProperties } from '../../filters/properties'
import { unknown } from '../../numbers/format'
import { More } from '../../parts/More'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import classes from './Privacy.module.css'
import { PrivacyPage } from './PrivacyPage'
import { isPath, kindNames, mostBytes, type Kind } from './subjects'
import { givenWords, toSubject } from './words'

/** Of whom nothing is stored, and looking somebody up among them. */
export default function Suppressions() {
  const me = useMe()
  return (
    <PrivacyPage
      title="Suppressions"
      lead="Of whom nothing new is stored. Whom an entry is about is not kept: only who knows an ID can look it up."
    >
      {mayAnswerForPeople(me.role) && (
        <>
          <LookUp />
          <List />
        </>
      )}
    </PrivacyPage>
  )
}

const standings: Record<Suppression['state'], { name: string; means: string }> = {
  suppressed: { name: 'Suppressed', means: 'Their events are turned away when they arrive.' },
  restricted: { name: 'Restricted', means: 'Their events are kept aside when they arrive, and nobody uses them.' },
  none: { name: 'Let in', means: 'Their events are stored like anybody’s.' },
}

const icons = { suppressed: Ban, restricted: PauseCircle, none: CircleCheck } as const

function Standing({ state }: { state: Suppression['state'] }) {
  const Icon = icons[state]
  return (
    <span className={classes.mark} data-standing={state}>
      <Icon size={16} aria-hidden="true" />
      {standings[state].name}
    </span>
  )
}

function LookUp() {
  const travel = useTravel()
  const [kind, setKind] = useState<Kind>('user_id')
  const [path, setPath] = useState('')
  const [value, setValue] = useState('')
  const { data: catalog } = useQuery(catalogOptions)
  const look = useLookUp()
  const wanted = value.trim()
  const ready = wanted !== '' && (kind !== 'property' || isPath(path.trim()))
  return (
    <Panel title="Look somebody up" note="Nothing is kept of what you look up.">
      <form
        role="search"
        className={classes.lookUp}
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) look.mutate(toSubject({ kind, path: path.trim(), value: wanted }))
        }}
      >
        <Select
          label="By"
          data={Object.entries(kindNames).map(([v, label]) => ({ value: v, label }))}
          value={kind}
          onChange={(k) => setKind(k as Kind)}
          allowDeselect={false}
        />
        {kind === 'property' && (
          <Autocomplete
            label="Property"
            placeholder="properties.phone"
            data={knownProperties(catalog, null).map((p) => p.name)}
            limit={20}
            value={path}
            onChange={setPath}
          />
        )}
        <TextInput
          label={kindNames[kind]}
          value={value}
          maxLength={mostBytes}
          onChange={(e) => setValue(e.currentTarget.value)}
          autoComplete="off"
        />
        <Button type="submit" leftSection={<Search size={16} />} disabled={!ready} loading={look.isPending}>
          Look up
        </Button>
      </form>
      <FormError error={look.error} />
      {look.data?.state && (
        <LookedUp
          state={look.data.state}
          what={givenWords(look.data.subject)}
          unsuppress={travel(
            `/privacy/new?${new URLSearchParams({ type: 'unsuppress', ...(look.data.subject.property === undefined ? look.data.subject : {}) })}`,
          )}
        />
      )}
    </Panel>
  )
}

interface LookedUpProps {
  state: SuppressionState
  what: readonly [by: string, value: string]
  unsuppress: string
}

function LookedUp({ state: s, what: [, value], unsuppress }: LookedUpProps) {
  const { tz } = useView()
  return (
    <div className={classes.lookedUp} role="status">
      <p>
        <Standing state={s.state} /> <span className="mono">{value}</span>
      </p>
      <p>
        {s.state === 'none' && s.erased_before === null
          ? 'Not on the list: their events are stored like anybody’s.'
          : standings[s.state].means}
        {s.erased_before !== null && (
          <>
            {' '}
            What was received before <Time at={s.erased_before} zone={tz} /> {tz} was erased, and stays out for ever,
            whatever way it comes back.
          </>
        )}
      </p>
      {s.state !== 'none' && (
        <Button component={Link} to={unsuppress} variant="default" size="xs" leftSection={<ShieldOff size={14} />}>
          Let them in again
        </Button>
      )}
    </div>
  )
}

type Shown = 'all' | Suppression['state']

function List() {
  const [shown, setShown] = useState<Shown>('all')
  const answer = useInfiniteQuery(suppressionsOptions(shown === 'all' ? null : shown))
  const entries = answer.data?.pages.flatMap((p) => p.suppressions)
  return (
    <Panel
      title="The list"
      note="An entry for each ID of a person, the newest change first. Entries are never removed: what was erased must stay out."
      actions={
        <SegmentedControl
          size="xs"
          value={shown}
          onChange={setShown}
          data={[
            { value: 'all', label: 'All' },
            { value: 'suppressed', label: standings.suppressed.name },
            { value: 'restricted', label: standings.restricted.name },
            { value: 'none', label: standings.none.name },
          ]}
          aria-label="Which entries"
        />
      }
      flush
    >
      {answer.error && !answer.data ? (
        <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
      ) : entries === undefined ? (
        <SkeletonRows />
      ) : entries.length === 0 ? (
        <Empty
          title={shown === 'all' ? 'Nobody is suppressed' : 'None of this kind'}
          icon={<Ban size={36} strokeWidth={1.4} />}
        >
          When somebody is erased, suppressed or restricted, an entry for each of their IDs stands here. It is a
          fingerprint of the ID, from which nobody can tell the ID.
        </Empty>
      ) : (
        <>
          <Table entries={entries} />
          <More answer={answer}>Show older entries</More>
        </>
      )}
    </Panel>
  )
}

const kinds: Record<Suppression['kind'], string> = {
  user_id: 'User ID',
  anonymous_id: 'Anonymous ID',
  property: 'Value of',
}

function Table({ entries }: { entries: readonly Suppression[] }) {
  const { tz } = useView()
  const travel = useTravel()
  return (
    <TableScroll label="The list" className={classes.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">Fingerprint</th>
            <th scope="col">Of a</th>
            <th scope="col">What holds</th>
            <th scope="col">Erased until ({tz})</th>
            <th scope="col">Changed</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((s) => (
            <tr key={`${s.kind} ${s.path} ${s.id}`}>
              <td>
                <span className="mono" title={s.id}>
                  {s.id.slice(0, 12)}
                </span>
              </td>
              <td>
                {kinds[s.kind]} {s.path !== null && <span className="mono">{s.path}</span>}
              </td>
              <td>
                <Standing state={s.state} />
              </td>
              <td className={classes.nowrap}>
                {s.erased_before === null ? unknown : <Time at={s.erased_before} zone={tz} />}
              </td>
              <td className={classes.nowrap}>
                <Time at={s.changed_at} zone={tz} />
                <div>
                  <Link to={travel(`/privacy/requests/${s.request_id}`)}>The request</Link>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
