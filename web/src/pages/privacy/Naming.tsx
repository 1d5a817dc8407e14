import { Button, Group, Stack } from '@mantine/core'
import { useState } from 'react'
import type { PrivacySubject } from '../../api/privacy'
import { FormError } from '../../parts/States'
import classes from './Privacy.module.css'
import { mostSubjects, readSubjects, type Named } from './subjects'
import { SubjectsField } from './SubjectsField'
import { toSubject } from './words'

interface Props {
  pending: boolean
  error: Error | null
  onClose: () => void
  onName: (subjects: PrivacySubject[]) => void
}

/** Names further IDs of the people of a request that waits for approval. */
export function Naming({ pending, error, onClose, onName }: Props) {
  const [each, setEach] = useState<Pick<Named, 'kind' | 'path'>>({ kind: 'user_id', path: '' })
  const [text, setText] = useState('')
  const read = readSubjects(text, each)
  const ready = read.named.length > 0 && read.named.length <= mostSubjects && read.unread.length === 0
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (ready) onName(read.named.map(toSubject))
      }}
    >
      <Stack>
        <p className={classes.text}>
          An address finds nobody where redaction masks addresses. You may know by which user ID the person goes. Who
          that is gets looked up and listed, and the request waits for your approval again.
        </p>
        <SubjectsField
          each={each}
          text={text}
          read={read}
          onChange={(each, text) => {
            setEach(each)
            setText(text)
          }}
        />
        <FormError error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={pending}>
            Look them up
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
