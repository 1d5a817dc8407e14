import { Button, Group, Modal, MultiSelect, Select, Stack, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { rotationsOptions, useDeleteRotation, useSaveRotation, type Rotation } from '../../api/notify'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { zones } from '../../time/range'
import { useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { usePeople } from './targets'

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Who is on call, by the week. */
export function Rotations() {
  const me = useMe()
  const may = mayWatch(me.role)
  const { tz } = useView()
  const [editing, setEditing] = useState<Rotation | 'new' | null>(null)
  const { data: rotations } = useQuery(rotationsOptions)
  const { emailOf: email } = usePeople()
  const remove = useDeleteRotation()
  const [deleting, setDeleting] = useState<Rotation | null>(null)
  return (
    <Panel
      title="On call"
      note="Rotations change hands once a week. A step of a policy can tell whoever is on call."
      actions={
        may && (
          <Button size="xs" variant="default" leftSection={<Plus size={14} />} onClick={() => setEditing('new')}>
            New rotation
          </Button>
        )
      }
      flush
    >
      {rotations === undefined ? (
        <SkeletonRows rows={2} />
      ) : rotations.length === 0 ? (
        <p className={classes.none}>No rotation yet.</p>
      ) : (
        <TableScroll label="Rotations" className={classes.table}>
          <table>
            <thead>
              <tr>
                <th scope="col">Rotation</th>
                <th scope="col">On call now</th>
                <th scope="col">Until ({tz})</th>
                <th scope="col">
                  <VisuallyHidden>What can be done</VisuallyHidden>
                </th>
              </tr>
            </thead>
            <tbody>
              {rotations.map((r) => (
                <tr key={r.id}>
                  <td className={classes.what}>
                    {r.name}
                    <div className="quiet">
                      {capital(r.weekday)}s at {r.time}, {r.timezone}
                    </div>
                  </td>
                  <td>
                    <strong>{email(r.on_call.member)}</strong>
                    <div className="quiet">of {r.members.map(email).join(', ')}</div>
                  </td>
                  <td className={classes.nowrap}>
                    <Time at={r.on_call.to} zone={tz} />
                  </td>
                  <td>
                    {may && (
                      <div className={classes.acts}>
                        <Button size="xs" variant="default" onClick={() => setEditing(r)}>
                          Change
                        </Button>
                        <Button size="xs" variant="default" onClick={() => setDeleting(r)}>
                          Delete
                        </Button>
                      </div>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      <ConfirmDelete
        opened={deleting !== null}
        onClose={() => {
          setDeleting(null)
          remove.reset()
        }}
        title="Delete the rotation"
        name={deleting?.name ?? ''}
        verb="Delete the rotation"
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => deleting && remove.mutate(deleting.id, { onSuccess: () => setDeleting(null) })}
      >
        Nobody is on call by it any more.
      </ConfirmDelete>
      <Modal
        opened={editing !== null}
        onClose={() => setEditing(null)}
        title={editing === 'new' ? 'New rotation' : 'Change the rotation'}
        size="lg"
      >
        {editing !== null && <Form rotation={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      </Modal>
    </Panel>
  )
}

function Form({ rotation, onClose }: { rotation: Rotation | null; onClose: () => void }) {
  const me = useMe()
  const { choices } = usePeople()
  const [name, setName] = useState(rotation?.name ?? '')
  const [people, setPeople] = useState<string[]>(rotation?.members ?? [me.user.id])
  const [weekday, setWeekday] = useState<(typeof weekdays)[number]>(rotation?.weekday ?? 'monday')
  const [time, setTime] = useState(rotation?.time ?? '09:00')
  const [zone, setZone] = useState(rotation?.timezone ?? me.tenant.timezone)
  const save = useSaveRotation(rotation?.id ?? null)
  const valid = name.trim() !== '' && people.length > 0 && /^\d\d:\d\d$/.test(time)
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (valid)
          save.mutate({ name: name.trim(), members: people, weekday, time, timezone: zone }, { onSuccess: onClose })
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          placeholder="On call"
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          maxLength={120}
          data-autofocus
        />
        <MultiSelect
          label="Members"
          description="In the order of their weeks; the first begins now."
          data={choices}
          value={people}
          onChange={setPeople}
          searchable
        />
        <Group grow align="flex-start">
          <Select
            label="Hands over on"
            data={weekdays.map((d) => ({ value: d, label: capital(d) }))}
            value={weekday}
            onChange={(d) => d !== null && setWeekday(d)}
            allowDeselect={false}
          />
          <TextInput type="time" label="At" value={time} onChange={(e) => setTime(e.currentTarget.value)} />
          <Select
            label="Time zone"
            data={zones()}
            value={zone}
            onChange={(z) => z !== null && setZone(z)}
            searchable
            allowDeselect={false}
          />
        </Group>
        <FormError error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!valid} loading={save.isPending}>
            {rotation === null ? 'Create the rotation' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
