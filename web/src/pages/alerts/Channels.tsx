import { Button, Group, Modal, MultiSelect, SegmentedControl, Stack, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Mail, MessageSquare, Plus, Send, Webhook } from 'lucide-react'
import { useState } from 'react'
import {
  channelsOptions,
  useDeleteChannel,
  useRotateChannel,
  useSaveChannel,
  useTestChannel,
  type Channel,
  type CreatedChannel,
  type Delivery,
} from '../../api/notify'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { CodeBlock } from '../../parts/Copy'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { deliveryNames } from './Deliveries'
import { usePeople } from './targets'

const icons = { email: Mail, webhook: Webhook, slack: MessageSquare } as const
const kindNames: Record<Channel['kind'], string> = { email: 'Mail', webhook: 'Webhook', slack: 'Slack' }

/** Ways by which people are told. */
export default function Channels() {
  const me = useMe()
  const may = mayManage(me.role)
  const [editing, setEditing] = useState<Channel | 'new' | null>(null)
  const [made, setMade] = useState<CreatedChannel | null>(null)
  const { data: channels, error, refetch } = useQuery(channelsOptions)
  const add = may && (
    <Button leftSection={<Plus size={16} />} onClick={() => setEditing('new')}>
      New channel
    </Button>
  )
  return (
    <AlertsPage title="Channels" lead="Ways by which people and programs are told of incidents." actions={add}>
      <Panel title={channels?.length ? plural(channels.length, 'channel') : 'Channels'} flush>
        {error && !channels ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : channels === undefined ? (
          <SkeletonRows />
        ) : channels.length === 0 ? (
          <Empty title="No channel yet" icon={<Send size={36} strokeWidth={1.4} />} action={add}>
            Mail to members, a signed webhook to your own tools, or a message in Slack. An escalation policy says which
            of them are used, and when.
          </Empty>
        ) : (
          <TableScroll label="Channels" className={classes.table}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Channel</th>
                  <th scope="col">Goes to</th>
                  <th scope="col">
                    <VisuallyHidden>What can be done</VisuallyHidden>
                  </th>
                </tr>
              </thead>
              <tbody>
                {channels.map((c) => (
                  <Row key={c.id} channel={c} may={may} edit={() => setEditing(c)} show={setMade} />
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      </Panel>
      <Modal
        opened={editing !== null}
        onClose={() => setEditing(null)}
        title={editing === 'new' ? 'New channel' : 'Change the channel'}
        size="lg"
      >
        {editing !== null && (
          <Form
            channel={editing === 'new' ? null : editing}
            onClose={() => setEditing(null)}
            onSaved={(saved) => {
              setEditing(null)
              if (saved.secret !== null) setMade(saved)
            }}
          />
        )}
      </Modal>
      <SecretOnce made={made} onClose={() => setMade(null)} />
    </AlertsPage>
  )
}

interface RowProps {
  channel: Channel
  may: boolean
  edit: () => void
  show: (made: CreatedChannel) => void
}

function Row({ channel: c, may, edit, show }: RowProps) {
  const { tz } = useView()
  const { emailOf } = usePeople()
  const test = useTestChannel(c.id)
  const rotate = useRotateChannel(c.id)
  const remove = useDeleteChannel()
  const [deleting, setDeleting] = useState(false)
  const Icon = icons[c.kind]
  const error = test.error ?? rotate.error
  return (
    <tr>
      <td className={classes.what}>
        <span className={classes.mark}>
          <Icon size={16} aria-hidden="true" /> {c.name}
        </span>
        <div className="quiet">{kindNames[c.kind]}</div>
      </td>
      <td>
        {c.kind === 'email' ? c.members.map(emailOf).join(', ') : c.url_hint}
        {c.old_secret_until !== null && (
          <div className="quiet">
            The secret before signs too, until <Time at={c.old_secret_until} zone={tz} />
          </div>
        )}
        {test.data?.map((d) => (
          <TestResult key={d.id} delivery={d} />
        ))}
        {error && <FormError error={error} />}
      </td>
      <td>
        {may && (
          <div className={classes.acts}>
            <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate(undefined)}>
              Send a test
            </Button>
            {c.kind === 'webhook' && (
              <Button
                size="xs"
                variant="default"
                loading={rotate.isPending}
                onClick={() => rotate.mutate(undefined, { onSuccess: show })}
              >
                New secret
              </Button>
            )}
            <Button size="xs" variant="default" onClick={edit}>
              Change
            </Button>
            <Button size="xs" variant="default" onClick={() => setDeleting(true)}>
              Delete
            </Button>
            <ConfirmDelete
              opened={deleting}
              onClose={() => setDeleting(false)}
              title="Delete the channel"
              name={c.name}
              verb="Delete the channel"
              pending={remove.isPending}
              error={remove.error}
              onConfirm={() => remove.mutate(c.id)}
            >
              The channel goes, with its address and its secrets. Messages that were sent by it stay in the log.
            </ConfirmDelete>
          </div>
        )}
      </td>
    </tr>
  )
}

function TestResult({ delivery: d }: { delivery: Delivery }) {
  const last = d.attempts.at(-1)
  return (
    <div role="status" className={classes.testResult} data-delivery={d.state}>
      Test: {deliveryNames[d.state].toLowerCase()}
      {last?.status != null && `, HTTP ${last.status}`}
      {last !== undefined && last.error !== '' && `. ${last.error}`}
    </div>
  )
}

interface FormProps {
  channel: Channel | null
  onClose: () => void
  onSaved: (saved: CreatedChannel) => void
}

function Form({ channel, onClose, onSaved }: FormProps) {
  const me = useMe()
  const { choices } = usePeople()
  const [kind, setKind] = useState<Channel['kind']>(channel?.kind ?? 'email')
  const [name, setName] = useState(channel?.name ?? '')
  const [url, setUrl] = useState('')
  const [people, setPeople] = useState<string[]>(channel?.members ?? [me.user.id])
  const save = useSaveChannel(channel?.id ?? null)
  const byMail = kind === 'email'
  const valid = name.trim() !== '' && (byMail ? people.length > 0 : url.trim() !== '' || channel !== null)
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (!valid) return
        save.mutate(
          {
            name: name.trim(),
            kind,
            ...(byMail ? { members: people } : url.trim() === '' ? {} : { url: url.trim() }),
          },
          { onSuccess: onSaved },
        )
      }}
    >
      <Stack>
        {channel === null && (
          <SegmentedControl
            value={kind}
            onChange={setKind}
            data={(Object.keys(kindNames) as Channel['kind'][]).map((k) => ({ value: k, label: kindNames[k] }))}
            aria-label="Kind of channel"
          />
        )}
        <TextInput
          label="Name"
          placeholder="Operations"
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          maxLength={120}
          data-autofocus
        />
        {byMail ? (
          <MultiSelect
            label="Members"
            description="Mail goes to members of the organization and to nobody else."
            data={choices}
            value={people}
            onChange={setPeople}
            searchable
          />
        ) : (
          <TextInput
            label="URL"
            description={
              channel === null
                ? kind === 'slack'
                  ? 'Of an incoming webhook of Slack or Mattermost. It is not shown again.'
                  : 'Begins with https:// and is on the public internet. You get a secret to check signatures with.'
                : `Now ${channel.url_hint}. Leave this empty to keep it.`
            }
            placeholder={
              kind === 'slack' ? 'https://hooks.slack.com/services/…' : 'https://hooks.example.com/observatory'
            }
            value={url}
            onChange={(e) => setUrl(e.currentTarget.value)}
            maxLength={2048}
          />
        )}
        <FormError error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!valid} loading={save.isPending}>
            {channel === null ? 'Create the channel' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** A new secret, the only time that it is shown. */
function SecretOnce({ made, onClose }: { made: CreatedChannel | null; onClose: () => void }) {
  return (
    <Modal
      opened={made !== null}
      onClose={onClose}
      title={made === null ? 'Secret' : `The secret of ${made.channel.name}`}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      size="lg"
    >
      {made?.secret != null && (
        <Stack>
          <p>
            It is shown only now. The receiver checks signatures with it, as Standard Webhooks say: any of their
            libraries will do.
          </p>
          <CodeBlock code={made.secret} what="the secret" wrap />
          <Button onClick={onClose}>I have copied it</Button>
        </Stack>
      )}
    </Modal>
  )
}
