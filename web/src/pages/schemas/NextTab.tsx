import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useMe } from '../../app/session'
import { Code } from '../../code/Code'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { Rehearsal } from '../../rehearsal/Rehearsal'
import { useTravel } from '../../view/useView'
import type { Binding } from '../contract/contract'
import { Compatible, Conflicts } from './Conflicts'
import { EventPicker } from './EventPicker'
import { levelOf } from './levels'
import { subjectPath } from './paths'
import { rehearseSchema } from './proposals'
import { compare, levelOptions, register, registryKey, RegistryError, type Registered } from './registry'
import classes from './Schemas.module.css'
import { languageOf, readable } from './text'

interface Props {
  newest: Registered
  bound: readonly Binding[]
}

/** The next version: written, checked against the ones before, tried on stored events, and registered. */
export function NextTab({ newest, bound }: Props) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const travel = useTravel()
  const { data: level } = useQuery(levelOptions(newest.subject))
  const { text, setText, forget } = useText(newest)
  const [event, setEvent] = useState<string | null>(null)
  const proposal = { type: newest.type, schema: text, references: newest.references }
  const check = useMutation({ mutationFn: (p: typeof proposal) => compare(newest.subject, p) })
  const rehearse = useMutation({
    mutationFn: ({ p, last }: { p: typeof proposal; last: number }) =>
      rehearseSchema(newest.subject, p, last, bound.length > 0 ? null : event),
  })
  const publish = useMutation({
    mutationFn: (p: typeof proposal) => register(newest.subject, p),
    onSuccess: async (made) => {
      forget()
      await client.invalidateQueries({ queryKey: registryKey })
      await navigate(travel(subjectPath(newest.subject)))
      notifications.show({ message: `Version ${made.version || newest.version + 1} is registered.` })
    },
  })
  const unchanged = text === readable(newest)
  const checked = check.variables?.schema === text
  const refused = publish.error instanceof RegistryError && publish.error.conflicts.length > 0 ? publish.error : null
  const levelName = levelOf(level?.level ?? 'BACKWARD').name
  return (
    <>
      <Panel
        title={`Version ${newest.version + 1}`}
        note={`Begins as a copy of version ${newest.version}. ${level ? `${levelName} compatibility: ${levelOf(level.level).meaning}` : ''}`}
      >
        <form
          className={classes.stack}
          onSubmit={(e) => {
            e.preventDefault()
            publish.mutate(proposal)
          }}
        >
          <Code
            value={text}
            language={languageOf(newest.type)}
            label="the new version"
            onChange={setText}
            invalid={checked && check.isError}
          />
          {refused && publish.variables?.schema === text ? (
            <Conflicts conflicts={refused.conflicts} level={levelName} />
          ) : publish.error && !refused ? (
            <ErrorNote error={publish.error} meaning="Nothing was registered." />
          ) : check.error && checked ? (
            <ErrorNote error={check.error} meaning="Nothing was registered." />
          ) : check.data && checked ? (
            check.data.compatible ? (
              <Compatible>{`Compatible: it can be registered as version ${newest.version + 1}.`}</Compatible>
            ) : (
              <Conflicts conflicts={check.data.conflicts} level={levelName} />
            )
          ) : null}
          <div className={classes.buttons}>
            <Button
              variant="default"
              loading={check.isPending}
              disabled={unchanged}
              onClick={() => check.mutate(proposal)}
            >
              Check
            </Button>
            <Button
              type="submit"
              loading={publish.isPending}
              disabled={unchanged || (checked && check.data?.compatible === false)}
            >
              Register version {newest.version + 1}
            </Button>
            {unchanged && <span className="quiet">Change something to go on.</span>}
          </div>
        </form>
      </Panel>
      <Rehearsal
        what={`version ${newest.version + 1}`}
        run={(last) => rehearse.mutate({ p: proposal, last })}
        pending={rehearse.isPending}
        error={rehearse.error}
        report={rehearse.data}
        current={rehearse.variables?.p.schema === text}
        disabled={bound.length === 0 && event === null}
      >
        {bound.length === 0 && <EventPicker value={event} onChange={setEvent} label="Try it on the events named" />}
      </Rehearsal>
    </>
  )
}

/** The text of the next version, kept for this tab until it is registered: a look at another page loses nothing. */
function useText(newest: Registered) {
  const { tenant } = useMe()
  const key = `observatory-schema-${tenant.id}-${newest.subject}-${newest.version}`
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? readable(newest))
  return {
    text,
    setText: (next: string) => {
      setText(next)
      sessionStorage.setItem(key, next)
    },
    forget: () => sessionStorage.removeItem(key),
  }
}
