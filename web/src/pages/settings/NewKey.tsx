import { Button, Checkbox, Group, Modal, Radio, Select, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { keysOptions } from '../../api/queries'
import type { CreatedAPIKey, Environment, KeyKind, Scope, Source } from '../../api/types'
import { FormError } from '../../parts/States'
import { environmentNames, kindNames, kindUses, parseOrigins, scopeNames } from './keyNames'
import { OriginsInput } from './KeyRow'

interface NewKeyProps {
  opened: boolean
  onClose: () => void
  source: Source
  onCreated: (c: CreatedAPIKey) => void
}

export function NewKey({ opened, onClose, source, onCreated }: NewKeyProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`New key for ${source.name}`}>
      {opened && (
        <Form
          source={source}
          onClose={onClose}
          onCreated={(c) => {
            onClose()
            onCreated(c)
          }}
        />
      )}
    </Modal>
  )
}

const scopes: readonly Scope[] = [
  'events:write',
  'query:read',
  'schemas:read',
  'schemas:write',
  'privacy:write',
  'billing:read',
  'admin',
]
const environments: readonly Environment[] = ['production', 'staging', 'development']

function Form({ source, onClose, onCreated }: Omit<NewKeyProps, 'opened'>) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<KeyKind>('publishable')
  const [may, setMay] = useState<Scope[]>(['events:write', 'query:read'])
  const [environment, setEnvironment] = useState<Environment>('production')
  const [origins, setOrigins] = useState('')
  const create = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/keys', {
          body: {
            source_id: source.id,
            name,
            kind,
            environment,
            ...(kind === 'publishable' ? { origins: parseOrigins(origins) } : { scopes: may }),
          },
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
        create.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          description="Where it is used, so that you know it again."
          required
          maxLength={120}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          data-autofocus
        />
        <Radio.Group label="Kind" value={kind} onChange={(k) => setKind(k)}>
          <Stack gap="xs" mt={6}>
            {(['publishable', 'secret'] as const).map((k) => (
              <Radio key={k} value={k} label={kindNames[k]} description={kindUses[k]} />
            ))}
          </Stack>
        </Radio.Group>
        {kind === 'publishable' ? (
          <OriginsInput value={origins} onChange={setOrigins} />
        ) : (
          <Checkbox.Group label="It may" value={may} onChange={(s) => setMay(s)}>
            <Stack gap="xs" mt={6}>
              {scopes.map((s) => (
                <Checkbox key={s} value={s} label={scopeNames[s]} description={s} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Select
          label="Environment"
          data={environments.map((e) => ({ value: e, label: environmentNames[e] }))}
          value={environment}
          onChange={(e) => e !== null && setEnvironment(e)}
          allowDeselect={false}
        />
        <FormError error={create.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={kind === 'secret' && may.length === 0}>
            Create the key
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
