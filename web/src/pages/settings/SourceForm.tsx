import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { sourcesOptions } from '../../api/queries'
import type { Source, SourceKind } from '../../api/types'
import { FormError } from '../../parts/States'
import { sourceKindNames } from './keyNames'

interface SourceFormProps {
  opened: boolean
  onClose: () => void
  /** The source to rename; null adds one. */
  source: Source | null
}

export function SourceForm({ opened, onClose, source }: SourceFormProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={source === null ? 'Add a source' : 'Rename the source'}>
      {opened && <Form source={source} onClose={onClose} />}
    </Modal>
  )
}

const kinds: readonly SourceKind[] = ['site', 'app', 'sensor']

function Form({ source, onClose }: Omit<SourceFormProps, 'opened'>) {
  const client = useQueryClient()
  const [name, setName] = useState(source?.name ?? '')
  const [kind, setKind] = useState<SourceKind>('site')
  const save = useMutation({
    mutationFn: () =>
      source === null
        ? ask(api.POST('/v1/sources', { body: { name, kind } }))
        : ask(api.PATCH('/v1/sources/{source_id}', { params: { path: { source_id: source.id } }, body: { name } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: sourcesOptions.queryKey })
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
        {source === null && (
          <Select
            label="Kind"
            data={kinds.map((k) => ({ value: k, label: sourceKindNames[k] }))}
            value={kind}
            onChange={(k) => k !== null && setKind(k)}
            allowDeselect={false}
          />
        )}
        <FormError error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            {source === null ? 'Add the source' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
