import { ActionIcon, Button, Group, Menu, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { keysOptions } from '../../api/queries'
import type { APIKey, CreatedAPIKey } from '../../api/types'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { FormError } from '../../parts/States'
import { formatAgo, formatTime } from '../../time/format'
import { environmentNames, isGone, kindNames, parseOrigins, scopeNames, stateNames } from './keyNames'
import classes from './Settings.module.css'

interface KeyRowProps {
  apiKey: APIKey
  manage: boolean
  zone: string
  onCreated: (c: CreatedAPIKey) => void
}

export function KeyRow({ apiKey: key, manage, zone, onCreated }: KeyRowProps) {
  const [dialog, setDialog] = useState<'edit' | 'rotate' | 'revoke' | null>(null)
  const close = () => setDialog(null)
  return (
    <tr className={isGone(key) ? classes.gone : undefined}>
      <td>
        <strong>{key.name}</strong>
        <div className="quiet">{kindNames[key.kind]}</div>
      </td>
      <td className={`mono ${classes.oneLine}`}>…{key.hint}</td>
      <td className={classes.scopes}>{key.scopes.map((s) => scopeNames[s]).join(', ')}</td>
      <td className={classes.scopes}>{originsText(key)}</td>
      <td>{environmentNames[key.environment]}</td>
      <td>
        <span className={classes.state} data-state={key.state}>
          <i aria-hidden="true" />
          {stateNames[key.state]}
        </span>
        <Until apiKey={key} zone={zone} />
      </td>
      <td>
        {manage && !isGone(key) && (
          <div className={classes.rowActions}>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`More for the key ${key.name}`}>
                  <Ellipsis size={17} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => setDialog('edit')}>
                  {key.kind === 'publishable' ? 'Name and origins' : 'Rename'}
                </Menu.Item>
                <Menu.Item onClick={() => setDialog('rotate')}>Rotate</Menu.Item>
                <Menu.Item color="loss" onClick={() => setDialog('revoke')}>
                  Revoke
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </div>
        )}
        <Modal opened={dialog === 'edit'} onClose={close} title="Change the key">
          {dialog === 'edit' && <EditKey apiKey={key} onClose={close} />}
        </Modal>
        <Modal opened={dialog === 'rotate'} onClose={close} title="Rotate the key">
          {dialog === 'rotate' && (
            <RotateKey
              apiKey={key}
              onClose={close}
              onCreated={(c) => {
                close()
                onCreated(c)
              }}
            />
          )}
        </Modal>
        <RevokeKey apiKey={key} opened={dialog === 'revoke'} onClose={close} />
      </td>
    </tr>
  )
}

function originsText(key: APIKey): string {
  if (key.kind === 'secret') return 'Servers'
  if (key.origins.includes('*')) return 'Any origin'
  return key.origins.length === 0 ? 'No web page' : key.origins.join(', ')
}

function Until({ apiKey: key, zone }: { apiKey: APIKey; zone: string }) {
  const [now] = useState(() => new Date())
  const at = key.revoked_at ?? key.expires_at
  if (at === null) return null
  return (
    <div className="quiet" title={`${formatTime(at, zone)} ${zone}`}>
      {formatAgo(at, now)}
    </div>
  )
}

function EditKey({ apiKey: key, onClose }: { apiKey: APIKey; onClose: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState(key.name)
  const [origins, setOrigins] = useState(key.origins.join('\n'))
  const save = useMutation({
    mutationFn: () =>
      ask(
        api.PATCH('/v1/keys/{key_id}', {
          params: { path: { key_id: key.id } },
          body: { name, ...(key.kind === 'publishable' ? { origins: parseOrigins(origins) } : {}) },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keysOptions.queryKey })
      onClose()
    },
  })
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          required
          maxLength={120}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          data-autofocus
        />
        {key.kind === 'publishable' && <OriginsInput value={origins} onChange={setOrigins} />}
        <FormError error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

export function OriginsInput({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  return (
    <Textarea
      label="Origins of the pages that may use it"
      description="One a line: https://shop.example.com, https://*.example.com, or * for any. None allows no web page."
      autosize
      minRows={2}
      maxRows={8}
      value={value}
      onChange={(e) => onChange(e.currentTarget.value)}
      spellCheck={false}
    />
  )
}

const graces = [
  ['0', 'At once'],
  ['3600', 'In 1 hour'],
  ['86400', 'In 1 day'],
  ['604800', 'In 7 days'],
  ['2592000', 'In 30 days'],
] as const

function RotateKey({
  apiKey: key,
  onClose,
  onCreated,
}: {
  apiKey: APIKey
  onClose: () => void
  onCreated: (c: CreatedAPIKey) => void
}) {
  const client = useQueryClient()
  const [grace, setGrace] = useState<string>('86400')
  const rotate = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/keys/{key_id}/rotate', {
          params: { path: { key_id: key.id } },
          body: { grace_seconds: Number(grace) },
        }),
      ),
    onSuccess: async (created) => {
      await client.invalidateQueries({ queryKey: keysOptions.queryKey })
      onCreated(created)
    },
  })
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        rotate.mutate()
      }}
    >
      <Stack>
        <p style={{ margin: 0 }}>
          A new key takes the place of <strong>{key.name}</strong>, with the same rights. Both work until the old one
          ends, so nothing is lost while you exchange it.
        </p>
        <Select
          label="When the old key ends"
          data={graces.map(([value, label]) => ({ value, label }))}
          value={grace}
          onChange={(g) => g !== null && setGrace(g)}
          allowDeselect={false}
          data-autofocus
        />
        <FormError error={rotate.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={rotate.isPending}>
            Rotate
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function RevokeKey({ apiKey: key, opened, onClose }: { apiKey: APIKey; opened: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => ask(api.DELETE('/v1/keys/{key_id}', { params: { path: { key_id: key.id } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keysOptions.queryKey })
      onClose()
    },
  })
  return (
    <ConfirmDelete
      opened={opened}
      onClose={onClose}
      title="Revoke the key"
      name={key.name}
      verb="Revoke"
      onConfirm={() => revoke.mutate()}
      pending={revoke.isPending}
      error={revoke.error}
    >
      The key that ends in <span className="mono">{key.hint}</span> stops working within 5 seconds, everywhere. Events
      sent with it from then on are refused; those that were acknowledged stay. This cannot be undone.
    </ConfirmDelete>
  )
}
