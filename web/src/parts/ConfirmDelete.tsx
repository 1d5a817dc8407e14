import { Button, Group, Modal, Stack } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { ConfirmName } from './ConfirmName'
import { FormError } from './States'

interface ConfirmDeleteProps {
  opened: boolean
  onClose: () => void
  title: string
  /** Exactly what will go, and what stays. */
  children: ReactNode
  /** The name to be typed. */
  name: string
  /** The verb on the button. */
  verb: string
  onConfirm: () => void
  pending: boolean
  error: Error | null
}

/** Asks for the name to be typed before something goes. */
export function ConfirmDelete(props: ConfirmDeleteProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title}>
      {props.opened && <ConfirmForm {...props} />}
    </Modal>
  )
}

function ConfirmForm({ onClose, children, name, verb, onConfirm, pending, error }: ConfirmDeleteProps) {
  const [typed, setTyped] = useState('')
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (typed === name) onConfirm()
      }}
    >
      <Stack gap="md">
        <div>{children}</div>
        <ConfirmName name={name} typed={typed} onTyped={setTyped} />
        <FormError error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="loss" disabled={typed !== name} loading={pending}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
