import { Button, Select, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Sparkles } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { policyOptions, usePublishPolicy } from '../../api/policies'
import { catalogOptions } from '../../api/queries'
import { Code } from '../../code/Code'
import { formatNumber, formatShare, plural } from '../../numbers/format'
import { Meter } from '../../parts/Meter'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { useTravel } from '../../view/useView'
import { contractOf, modeMeanings, modeNames, newBinding, withBinding, type Mode } from '../contract/contract'
import { Conflicts } from './Conflicts'
import { EventPicker } from './EventPicker'
import { subjectPath } from './paths'
import { inferredOptions, type Inferred, type SeenProperty } from './proposals'
import { register, registryKey, RegistryError, subjectsOptions } from './registry'
import classes from './Schemas.module.css'
import { languageOf, readable } from './text'

/** Chooses an event, shows what was seen of it, and makes the proposed schema version 1. */
export function FromEvents() {
  const [params, setParams] = useSearchParams()
  const event = params.get('event')
  const { data: catalog } = useQuery(catalogOptions)
  return (
    <>
      <Panel label="Event">
        <EventPicker
          label="Event"
          value={event}
          onChange={(e) =>
            setParams((now) => {
              const next = new URLSearchParams(now)
              if (e === null) next.delete('event')
              else next.set('event', e)
              return next
            })
          }
        />
        {catalog?.events.length === 0 ? (
          <Empty
            title="Nothing stored yet"
            icon={<Sparkles size={36} strokeWidth={1.4} />}
            action={
              <Button component={Link} to="/welcome">
                Send the first event
              </Button>
            }
          >
            Once events are stored, a schema that fits them can be proposed here.
          </Empty>
        ) : (
          event === null && <p className={`quiet ${classes.flat}`}>Choose the event that the schema is for.</p>
        )}
      </Panel>
      {event !== null && <Proposed key={event} event={event} />}
    </>
  )
}

function Proposed({ event }: { event: string }) {
  const { data, error, refetch } = useQuery(inferredOptions(event, 10_000))
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) {
    return (
      <Panel title="What was seen">
        <SkeletonRows rows={8} />
      </Panel>
    )
  }
  return (
    <>
      <Seen event={event} inferred={data} />
      <Proposal event={event} inferred={data} />
    </>
  )
}

function Seen({ event, inferred }: { event: string; inferred: Inferred }) {
  return (
    <Panel title="What was seen" note={`In the newest ${plural(inferred.events, 'event')} named ${event}.`} flush>
      {!inferred.complete && (
        <p className={classes.pad}>There were more properties than can be described here. The rest is left open.</p>
      )}
      {inferred.properties.length === 0 ? (
        <p className={`quiet ${classes.pad}`}>These events carry no properties.</p>
      ) : (
        <TableScroll label={`Properties of ${event}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Property</th>
                <th scope="col">There</th>
                <th scope="col">Types</th>
                <th scope="col">Values</th>
                <th scope="col">Proposed</th>
              </tr>
            </thead>
            <tbody>
              {inferred.properties.map((p) => (
                <SeenRow key={p.path} property={p} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Panel>
  )
}

function SeenRow({ property: p }: { property: SeenProperty }) {
  return (
    <tr>
      <td className={`mono ${classes.oneLine}`}>{p.path}</td>
      <td className={classes.oneLine}>
        <Meter share={p.share} tone="accent" />
        {formatShare(p.share)}
      </td>
      <td className={classes.oneLine}>
        {p.types.map((t) => (
          <span key={t.type} className={classes.bound}>
            {t.type} {p.types.length > 1 && <span className="quiet">{formatShare(t.share)}</span>}
          </span>
        ))}
      </td>
      <td className={classes.values}>
        <Values property={p} />
      </td>
      <td>{p.required ? 'required' : <span className="quiet">optional</span>}</td>
    </tr>
  )
}

function Values({ property: p }: { property: SeenProperty }) {
  if (p.conflict !== '') return <strong className={classes.attention}>{p.conflict}</strong>
  if (p.values !== null) {
    const rest = p.values.length - 8
    return (
      <>
        one of {p.values.slice(0, 8).join(' · ')}
        {rest > 0 && <span className="quiet"> and {rest} more</span>}
      </>
    )
  }
  const many = p.distinct > 0 ? `${formatNumber(p.distinct)} different` : ''
  return <span className="quiet">{[p.format, many].filter(Boolean).join(', ')}</span>
}

function Proposal({ event, inferred }: { event: string; inferred: Inferred }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const travel = useTravel()
  const { data: contract } = useQuery(policyOptions('contract'))
  const [text, setText] = useState(() => readable(inferred.proposal))
  const [subject, setSubject] = useState(event)
  const [mode, setMode] = useState<Mode>('warn')
  const publish = usePublishPolicy('contract')
  const make = useMutation({
    mutationFn: async () => {
      const made = await register(subject, { type: inferred.proposal.type, schema: text, references: [] })
      await client.invalidateQueries({ queryKey: registryKey })
      // What is in force now, and not what was when the page was opened.
      const inForce = await client.query({ ...policyOptions('contract'), staleTime: 0 })
      const was = contractOf(inForce).events.find((b) => b.event === event)
      await publish.mutateAsync({
        document: withBinding(contractOf(inForce), newBinding({ ...was, event, subject, mode })),
        note: `Bind ${event} to the schema inferred from ${plural(inferred.events, 'event')}`,
        base: inForce.version,
      })
      return made
    },
    onSuccess: async () => {
      await navigate(travel(subjectPath(subject)))
      notifications.show({ message: `${event} is bound to ${subject}.` })
    },
  })
  const { data: subjects = [] } = useQuery(subjectsOptions)
  const bound = contract && contractOf(contract).events.find((b) => b.event === event && b.subject !== '')
  const newest = subjects.find((s) => s.subject === subject)
  const refused = make.error instanceof RegistryError && make.error.conflicts.length > 0 ? make.error : null
  return (
    <Panel
      title="The proposed schema"
      note="It fits what was seen. Make it as strict or as open as you mean it; it becomes version 1."
    >
      <form
        className={classes.stack}
        onSubmit={(e) => {
          e.preventDefault()
          make.mutate()
        }}
      >
        <Code
          value={text}
          language={languageOf(inferred.proposal.type)}
          label="the proposed schema"
          onChange={setText}
        />
        {newest && (
          <p className={classes.flat}>
            <strong>{subject}</strong> has {plural(newest.version, 'version')} already: this one would be the next, and
            has to get on with them.
          </p>
        )}
        {bound && bound.subject !== subject && (
          <p className={classes.flat}>
            {event} is bound to <strong>{bound.subject}</strong> now. It would be bound to {subject} instead.
          </p>
        )}
        <div className={classes.fields}>
          <TextInput
            label="Subject"
            value={subject}
            onChange={(e) => setSubject(e.currentTarget.value)}
            maxLength={200}
            required
          />
          <Select
            label="What does not fit"
            description={modeMeanings[mode]}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            data={(['warn', 'enforce', 'off'] as const).map((m) => ({ value: m, label: modeNames[m] }))}
            value={mode}
            onChange={(m) => m !== null && setMode(m)}
            allowDeselect={false}
          />
        </div>
        {refused ? (
          <Conflicts conflicts={refused.conflicts} level="its" />
        ) : (
          make.error && <ErrorNote error={make.error} meaning="Events are still stored as before." />
        )}
        <div className={classes.buttons}>
          <Button type="submit" className={classes.long} loading={make.isPending} disabled={subject.trim() === ''}>
            Make it version {(newest?.version ?? 0) + 1} and bind the event
          </Button>
          <span className="quiet">
            Applies to events from now on; the {formatNumber(inferred.events)} seen stay as they are.
          </span>
        </div>
      </form>
    </Panel>
  )
}
