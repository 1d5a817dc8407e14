import { Alert, Button, Checkbox, Group, Radio, TextInput } from '@mantine/core'
import { ArrowLeft, Search } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useFileRequest, usePreview, type NewPrivacyRequest } from '../../api/privacy'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { FormError } from '../../parts/States'
import { useTravel } from '../../view/useView'
import { Found } from './Found'
import classes from './Privacy.module.css'
import { PrivacyPage } from './PrivacyPage'
import { mostSubjects, readSubjects, type Kind, type Named } from './subjects'
import { SubjectsField } from './SubjectsField'
import { requestTitle, toSubject, typeNames, typeWords } from './words'

type Type = NewPrivacyRequest['type']
const types = Object.keys(typeWords) as Type[]

/** Files a request: what, about whom; who that is; and only then for good. */
export default function NewRequest() {
  const me = useMe()
  const travel = useTravel()
  return (
    <PrivacyPage
      title="New request"
      under="/privacy"
      lead={
        <Link to={travel('/privacy')} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> All requests
        </Link>
      }
    >
      {mayAnswerForPeople(me.role) && <Form />}
    </PrivacyPage>
  )
}

/** What the link to this page has filled in: the page of a person names them. */
function useAsked() {
  const [params] = useSearchParams()
  const kind = (['user_id', 'anonymous_id', 'email'] as const).find((k) => params.has(k))
  return {
    type: types.find((t) => t === params.get('type')) ?? 'erase',
    kind: (kind ?? 'user_id') satisfies Kind,
    text: kind === undefined ? '' : (params.get(kind) ?? ''),
  }
}

function Form() {
  const asked = useAsked()
  const [type, setType] = useState<Type>(asked.type)
  const [each, setEach] = useState<Pick<Named, 'kind' | 'path'>>({ kind: asked.kind, path: '' })
  const [text, setText] = useState(asked.text)
  const [note, setNote] = useState('')
  const [stay, setStay] = useState(true)
  const preview = usePreview()
  const read = readSubjects(text, each)
  const ready = read.named.length > 0 && read.named.length <= mostSubjects && read.unread.length === 0
  const body: NewPrivacyRequest = {
    type,
    subjects: read.named.map(toSubject),
    note: note.trim(),
    ...(type === 'erase' && { suppress: stay }),
  }
  return (
    <div className={classes.steps}>
      <Panel title="1. What is asked for?">
        <Radio.Group value={type} onChange={(t) => setType(t)} aria-label="What is asked for">
          <div className={classes.choices}>
            {types.map((t) => (
              <Radio.Card key={t} value={t} className={classes.choice ?? ''}>
                <Radio.Indicator />
                <span>
                  <strong>{typeNames[t]}</strong>
                  <span className="quiet">{typeWords[t]}</span>
                </span>
              </Radio.Card>
            ))}
          </div>
        </Radio.Group>
      </Panel>
      <Panel title="2. About whom?">
        <form
          className={classes.form}
          onSubmit={(e) => {
            e.preventDefault()
            if (ready) preview.mutate(body.subjects)
          }}
        >
          <SubjectsField
            each={each}
            text={text}
            read={read}
            onChange={(each, text) => {
              setEach(each)
              setText(text)
              preview.reset()
            }}
          />
          <TextInput
            label="Note (optional)"
            description="For yourselves, such as the number of a ticket. It is kept after the erasure, so name nobody in it."
            value={note}
            onChange={(e) => setNote(e.currentTarget.value)}
            maxLength={1000}
          />
          {type === 'erase' && (
            <Checkbox
              label="Store nothing new of them afterwards"
              description="Otherwise they start empty when they come again, as somebody new."
              checked={stay}
              onChange={(e) => setStay(e.currentTarget.checked)}
            />
          )}
          <FormError error={preview.error} />
          <Group>
            <Button type="submit" leftSection={<Search size={16} />} disabled={!ready} loading={preview.isPending}>
              Look who that is
            </Button>
            <span className="quiet">Nothing is changed by looking.</span>
          </Group>
        </form>
      </Panel>
      {preview.data && <Decide key={type} found={preview.data} body={body} />}
    </div>
  )
}

/** Shows who was found, and files the request. */
function Decide({
  found,
  body,
}: {
  found: NonNullable<ReturnType<typeof usePreview>['data']>
  body: NewPrivacyRequest
}) {
  const travel = useTravel()
  const navigate = useNavigate()
  const file = useFileRequest()
  const [confirming, setConfirming] = useState(false)
  // One for each list that was looked at: filing it twice by mistake makes one request.
  const [key] = useState(() => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-'))
  const send = () =>
    file.mutate({ body, key }, { onSuccess: (made) => void navigate(travel(`/privacy/requests/${made.id}`)) })
  const people = plural(body.subjects.length, 'person', 'people')
  const nobody = found.people.every((p) => p.events === 0)
  return (
    <>
      <Found people={found.people} copies={found.copies} />
      <Panel title={`4. ${typeNames[body.type]}?`}>
        <div className={classes.form}>
          {nobody && (body.type === 'erase' || body.type === 'export') && (
            <Alert color="gray" variant="outline" title="No stored event is theirs">
              The request can still be filed: what is on its way or set aside is found as well, and the certificate then
              says that nothing was there.
            </Alert>
          )}
          <p className={classes.text}>{consequences(body)}</p>
          {body.type !== 'erase' && <FormError error={file.error} />}
          <Group>
            {body.type === 'erase' ? (
              <Button color="loss" onClick={() => setConfirming(true)}>
                Erase {people}
              </Button>
            ) : (
              <Button loading={file.isPending} onClick={send}>
                {typeNames[body.type]} {people}
              </Button>
            )}
            <Button component={Link} to={travel('/privacy')} variant="default">
              Cancel
            </Button>
          </Group>
        </div>
      </Panel>
      <ConfirmDelete
        opened={confirming}
        onClose={() => setConfirming(false)}
        title={requestTitle({ type: 'erase', subjects: body.subjects.length })}
        name={`erase ${people}`}
        verb="Erase"
        onConfirm={send}
        pending={file.isPending}
        error={file.error}
      >
        <p className={classes.text}>{consequences(body)}</p>
        <p className={classes.text}>
          It can be called off until deleting begins, and not afterwards. There is no copy to bring it back from.
        </p>
      </ConfirmDelete>
    </>
  )
}

/** Exactly what will become of their data. */
function consequences(body: NewPrivacyRequest): string {
  switch (body.type) {
    case 'erase':
      return `Every event, profile, file and message of theirs goes, from every place in the list above; sums and counts are computed again without them. ${
        body.suppress === false
          ? 'When they come again, they start empty.'
          : 'Nothing new of them is stored afterwards.'
      } They become invisible within the hour, and are gone from the disk within three days.`
    case 'export':
      return 'Everything in the list above is written into one file (ZIP, with JSON Lines), which you can download here for a week, or pass on by a link that works once.'
    case 'suppress':
      return 'From now on their events are turned away when they arrive. What is stored already stays as it is.'
    case 'restrict':
      return 'What is stored of them is set aside: it shows in no chart, list or export. Events that come are set aside too. It ends with “Unsuppress”.'
    case 'unsuppress':
      return 'From now on their events are stored again, and what was set aside for a restriction comes back. What was erased or turned away does not.'
  }
}
