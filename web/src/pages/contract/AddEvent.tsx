import { Autocomplete, Button, Group, Modal, Select, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { catalogOptions } from '../../api/queries'
import { subjectsOptions } from '../schemas/registry'
import { newBinding, type Binding, type Contract } from './contract'

interface Props {
  contract: Contract
  onAdd: (b: Binding) => void
}

/** Adds an event to the contract: one that was seen, or one that is to come. */
export function AddEvent({ contract, onAdd }: Props) {
  const [opened, setOpened] = useState(false)
  return (
    <>
      <Button variant="default" leftSection={<Plus size={16} />} onClick={() => setOpened(true)}>
        Add an event
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Add an event">
        {opened && (
          <Form
            contract={contract}
            onCancel={() => setOpened(false)}
            onAdd={(b) => {
              onAdd(b)
              setOpened(false)
            }}
          />
        )}
      </Modal>
    </>
  )
}

function Form({ contract, onAdd, onCancel }: Props & { onCancel: () => void }) {
  const { data: catalog } = useQuery(catalogOptions)
  const { data: subjects = [] } = useQuery(subjectsOptions)
  const [event, setEvent] = useState('')
  const [subject, setSubject] = useState<string | null>(null)
  const taken = contract.events.some((b) => b.event === event.trim())
  const seen = (catalog?.events ?? []).map((e) => e.event).filter((e) => !contract.events.some((b) => b.event === e))
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (event.trim() !== '' && !taken) onAdd(newBinding({ event: event.trim(), subject: subject ?? '' }))
      }}
    >
      <Stack gap="md">
        <Autocomplete
          label="Event"
          description="The name that its senders use."
          data={seen}
          value={event}
          onChange={setEvent}
          error={taken ? 'It is in the contract already.' : undefined}
          required
          maxLength={200}
          data-autofocus
        />
        <Select
          label="Schema"
          description="The subject whose newest version it keeps to. Can be chosen later."
          data={subjects.map((s) => s.subject)}
          value={subject}
          onChange={setSubject}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'No schema' }}
          nothingFoundMessage="No such subject"
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" disabled={event.trim() === '' || taken}>
            Add
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
