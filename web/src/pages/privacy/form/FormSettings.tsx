import { Button, Checkbox, Switch, TextInput, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import { formOptions, useSaveForm, type FormType, type PrivacyForm } from '../../../api/privacy'
import { mayAnswerForPeople } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { ConfirmDelete } from '../../../parts/ConfirmDelete'
import { CodeBlock } from '../../../parts/Copy'
import { Panel } from '../../../parts/Page'
import { Sentence } from '../../../parts/Sentence'
import { ErrorNote, FormError, SkeletonRows } from '../../../parts/States'
import { Time } from '../../../parts/Time'
import { useView } from '../../../view/useView'
import shared from '../Privacy.module.css'
import { PrivacyPage } from '../PrivacyPage'
import classes from './FormSettings.module.css'
import { wishes } from './wishes'

/** The page on which your users ask about their data themselves. */
export default function FormSettings() {
  const me = useMe()
  const { data, error, refetch } = useQuery({ ...formOptions, enabled: mayAnswerForPeople(me.role) })
  return (
    <PrivacyPage
      title="Public form"
      lead="A page on which your users ask about their own data. They confirm their e-mail address, and you approve what they ask for."
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Panel label="Public form">
          <SkeletonRows />
        </Panel>
      ) : (
        <div className={classes.narrow}>
          <Standing form={data} />
          <Form key={data.changed_at ?? ''} form={data} />
        </div>
      )}
    </PrivacyPage>
  )
}

function Standing({ form: f }: { form: PrivacyForm }) {
  const { tz } = useView()
  const url = f.url ?? null
  return (
    <Panel label="The form">
      <Sentence>{f.enabled ? 'The form is open' : 'The form is closed'}</Sentence>
      <p className="quiet">
        {f.enabled
          ? 'Link to it from your privacy notice. Whoever has the address can ask; what comes waits among the requests until you approve it.'
          : 'Nobody can ask by themselves yet. Open it below.'}
        {f.changed_at && (
          <>
            {' '}
            Changed on <Time at={f.changed_at} zone={tz} /> by {f.changed_by}.
          </>
        )}
      </p>
      {f.enabled && url !== null && (
        <div className={classes.address}>
          <CodeBlock code={url} what="the address of the form" wrap />
          <Button
            component="a"
            href={url}
            target="_blank"
            rel="noreferrer"
            variant="default"
            leftSection={<ExternalLink size={16} />}
          >
            See it
          </Button>
        </div>
      )}
    </Panel>
  )
}

const types = Object.keys(wishes) as FormType[]

function Form({ form: f }: { form: PrivacyForm }) {
  const me = useMe()
  const [enabled, setEnabled] = useState(f.enabled)
  const [title, setTitle] = useState(f.title)
  const [intro, setIntro] = useState(f.intro)
  const [offered, setOffered] = useState<string[]>(f.types)
  const [renewing, setRenewing] = useState(false)
  const save = useSaveForm()
  const renew = useSaveForm()
  const body = { enabled, title: title.trim(), intro: intro.trim(), types: types.filter((t) => offered.includes(t)) }
  const changed = JSON.stringify(body) !== JSON.stringify({ ...current(f) })
  return (
    <Panel title="What it says and offers">
      <form
        className={shared.form}
        onSubmit={(e) => {
          e.preventDefault()
          save.mutate(body, { onSuccess: () => notifications.show({ message: 'Saved.' }) })
        }}
      >
        <Switch label="Open" checked={enabled} onChange={(e) => setEnabled(e.currentTarget.checked)} />
        <TextInput
          label="Title (optional)"
          placeholder={`Your data at ${me.tenant.name}`}
          maxLength={120}
          value={title}
          onChange={(e) => setTitle(e.currentTarget.value)}
        />
        <Textarea
          label="Introduction (optional)"
          description="What people should know first, such as whom else they can write to. Plain text."
          maxLength={2000}
          autosize
          minRows={3}
          maxRows={10}
          value={intro}
          onChange={(e) => setIntro(e.currentTarget.value)}
        />
        <Checkbox.Group
          label="People can ask"
          value={offered}
          onChange={setOffered}
          error={body.types.length === 0 ? 'At least one.' : undefined}
        >
          <div className={classes.offers}>
            {types.map((t) => (
              <Checkbox key={t} value={t} label={wishes[t].wish} description={wishes[t].means(me.tenant.name)} />
            ))}
          </div>
        </Checkbox.Group>
        <FormError error={save.error} />
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending} disabled={!changed || body.types.length === 0}>
            Save
          </Button>
          {f.url && (
            <Button variant="subtle" color="loss" onClick={() => setRenewing(true)}>
              New address
            </Button>
          )}
        </div>
      </form>
      <ConfirmDelete
        opened={renewing}
        onClose={() => setRenewing(false)}
        title="Give the form a new address"
        name={me.tenant.name}
        verb="New address"
        onConfirm={() => renew.mutate({ ...current(f), new_address: true }, { onSuccess: () => setRenewing(false) })}
        pending={renew.isPending}
        error={renew.error}
      >
        <p className={shared.text}>
          The address of now leads nowhere from then on: change the link wherever you have put it. Requests that came by
          it stay.
        </p>
      </ConfirmDelete>
    </Panel>
  )
}

const current = (f: PrivacyForm) => ({
  enabled: f.enabled,
  title: f.title,
  intro: f.intro,
  types: types.filter((t) => f.types.includes(t)),
})
