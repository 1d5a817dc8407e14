import { Button, Group, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ListOrdered, Plus } from 'lucide-react'
import { useState } from 'react'
import { escalationsOptions, useDeleteEscalation, type Escalation } from '../../api/notify'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { formatDuration } from '../../time/format'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { EscalationForm } from './EscalationForm'
import { Rotations } from './Rotations'
import { useTargetNames } from './targets'

/** Who is told, step after step, and who is on call. */
export default function Escalations() {
  const me = useMe()
  const may = mayWatch(me.role)
  const [editing, setEditing] = useState<Escalation | 'new' | null>(null)
  const { data: policies, error, refetch } = useQuery(escalationsOptions)
  const add = may && (
    <Button leftSection={<Plus size={16} />} onClick={() => setEditing('new')}>
      New policy
    </Button>
  )
  return (
    <AlertsPage
      title="Escalation"
      lead="Who is told of an incident, step after step, until somebody acknowledges it."
      actions={add}
    >
      {error && !policies ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : policies === undefined ? (
        <SkeletonRows />
      ) : policies.length === 0 ? (
        <Panel label="Escalation policies">
          <Empty title="No escalation policy yet" icon={<ListOrdered size={36} strokeWidth={1.4} />} action={add}>
            A policy has steps: tell a channel at once, and whoever is on call ten minutes later, unless somebody has
            acknowledged the incident by then. Rules then say which policy they use.
          </Empty>
        </Panel>
      ) : (
        policies.map((p) => <Policy key={p.id} policy={p} may={may} edit={() => setEditing(p)} />)
      )}
      <Rotations />
      <Modal
        opened={editing !== null}
        onClose={() => setEditing(null)}
        title={editing === 'new' ? 'New escalation policy' : 'Change the policy'}
        size="xl"
      >
        {editing !== null && (
          <EscalationForm policy={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
        )}
      </Modal>
    </AlertsPage>
  )
}

function Policy({ policy: p, may, edit }: { policy: Escalation; may: boolean; edit: () => void }) {
  const nameOf = useTargetNames()
  const remove = useDeleteEscalation()
  const [deleting, setDeleting] = useState(false)
  return (
    <Panel
      title={p.name}
      note={
        p.repeat === 0
          ? plural(p.steps.length, 'step')
          : `${plural(p.steps.length, 'step')}, begun again ${p.repeat === 1 ? 'once' : `${p.repeat} times`} after ${formatDuration(p.repeat_after_seconds)}`
      }
      actions={
        may && (
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={edit}>
              Change
            </Button>
            <Button size="xs" variant="default" onClick={() => setDeleting(true)}>
              Delete
            </Button>
          </Group>
        )
      }
    >
      <ol className={classes.steps}>
        {p.steps.map((s, i) => (
          <li key={i}>
            <span className="quiet">
              {s.delay_seconds === 0 ? 'At once' : `After ${formatDuration(s.delay_seconds)}`}
            </span>
            <strong>{s.targets.map(nameOf).join(', ')}</strong>
          </li>
        ))}
      </ol>
      <ConfirmDelete
        opened={deleting}
        onClose={() => setDeleting(false)}
        title="Delete the policy"
        name={p.name}
        verb="Delete the policy"
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(p.id)}
      >
        The policy goes. Its channels and rotations stay.
      </ConfirmDelete>
    </Panel>
  )
}
