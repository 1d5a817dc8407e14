import { Button, Radio, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { plural } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { useTravel } from '../../view/useView'
import type { Binding } from '../contract/contract'
import { levelOf, levels } from './levels'
import { levelOptions, registryKey, removeSubject, setLevel, type LevelSetting } from './registry'
import classes from './Schemas.module.css'

interface Props {
  subject: string
  versions: number
  bound: readonly Binding[]
}

/** How strict the subject is, and its end. */
export function SettingsTab({ subject, versions, bound }: Props) {
  const { data, error, refetch } = useQuery(levelOptions(subject))
  return (
    <div className={classes.narrow}>
      <Panel title="Compatibility" note="How a new version has to get on with those before it.">
        {error && !data ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : data ? (
          <LevelForm key={data.level} subject={subject} set={data} />
        ) : (
          <SkeletonRows rows={7} />
        )}
      </Panel>
      <Removal subject={subject} versions={versions} bound={bound} />
    </div>
  )
}

const general = 'GENERAL'

function LevelForm({ subject, set }: { subject: string; set: LevelSetting }) {
  const client = useQueryClient()
  const inForce = set.own ? set.level : general
  const [chosen, setChosen] = useState(inForce)
  const save = useMutation({
    mutationFn: (level: string) => setLevel(subject, level === general ? null : level),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: levelOptions(subject).queryKey })
      notifications.show({ message: 'Saved.' })
    },
  })
  return (
    <form
      className={classes.stack}
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate(chosen)
      }}
    >
      <Radio.Group aria-label="Compatibility" value={chosen} onChange={setChosen}>
        <Stack gap="sm">
          <Radio
            value={general}
            label="As all subjects"
            description={
              set.own
                ? 'What is set for all of them.'
                : `Now: ${levelOf(set.level).name}. ${levelOf(set.level).meaning}`
            }
          />
          {levels.map((l) => (
            <Radio key={l.value} value={l.value} label={l.name} description={`${l.meaning} ${l.allows}`} />
          ))}
        </Stack>
      </Radio.Group>
      <FormError error={save.error} />
      <div>
        <Button type="submit" loading={save.isPending} disabled={chosen === inForce}>
          Save
        </Button>
      </div>
    </form>
  )
}

function Removal({ subject, versions, bound }: Props) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const travel = useTravel()
  const [opened, setOpened] = useState(false)
  const remove = useMutation({
    mutationFn: () => removeSubject(subject),
    onSuccess: async () => {
      await navigate(travel('/data/schemas'))
      client.removeQueries({ queryKey: [...registryKey, 'versions', subject] })
      await client.invalidateQueries({ queryKey: registryKey })
    },
  })
  const checked = bound.filter((b) => b.mode !== 'off')
  return (
    <Panel title="Delete the subject" note={`${plural(versions, 'version')} would no longer be found by name.`}>
      <Button variant="default" color="loss" onClick={() => setOpened(true)}>
        Delete {subject}
      </Button>
      <ConfirmDelete
        opened={opened}
        onClose={() => setOpened(false)}
        title={`Delete ${subject}`}
        name={subject}
        verb="Delete"
        onConfirm={() => remove.mutate()}
        pending={remove.isPending}
        error={remove.error}
      >
        {plural(versions, 'version')} of this subject {versions === 1 ? 'goes' : 'go'}. What was written with{' '}
        {versions === 1 ? 'it' : 'them'} can still be read: the schemas stay under their IDs.
        {checked.length > 0 && (
          <p>
            The contract still binds {checked.map((b) => b.event).join(', ')} to it. Events of{' '}
            {checked.length === 1 ? 'that name' : 'these names'} will not fit until you change the contract.
          </p>
        )}
      </ConfirmDelete>
    </Panel>
  )
}
