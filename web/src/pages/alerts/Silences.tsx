import { Button, Group, Modal, MultiSelect, Stack, TagsInput, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { BellOff, Plus } from 'lucide-react'
import { useState } from 'react'
import {
  rulesOptions,
  silencesOptions,
  useDeleteSilence,
  useSaveSilence,
  type Severity,
  type Silence,
} from '../../api/alerts'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Alerts.module.css'
import { AlertsPage } from './AlertsPage'
import { localTime } from './localTime'
import { severities, severityNames } from './words'

const phaseNames: Record<Silence['phase'], string> = { active: 'In force', scheduled: 'Planned', over: 'Over' }

/** Times in which nobody is told: maintenance, known trouble. */
export default function Silences() {
  const me = useMe()
  const may = mayWatch(me.role)
  const { tz } = useView()
  const [adding, setAdding] = useState(false)
  const { data: silences, error, refetch } = useQuery(silencesOptions)
  const { data: rules = [] } = useQuery(rulesOptions)
  const add = may && (
    <Button leftSection={<Plus size={16} />} onClick={() => setAdding(true)}>
      New silence
    </Button>
  )
  return (
    <AlertsPage title="Silences" lead="Rules go on watching, and nobody is told until the silence ends." actions={add}>
      <Panel title={silences?.length ? plural(silences.length, 'silence') : 'Silences'} flush>
        {error && !silences ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : silences === undefined ? (
          <SkeletonRows />
        ) : silences.length === 0 ? (
          <Empty title="No silence" icon={<BellOff size={36} strokeWidth={1.4} />} action={add}>
            Before a move or other work that makes rules fire, a silence keeps phones quiet. Incidents are still
            recorded.
          </Empty>
        ) : (
          <TableScroll label="Silences" className={classes.table}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Why</th>
                  <th scope="col">What</th>
                  <th scope="col">From ({tz})</th>
                  <th scope="col">To</th>
                  <th scope="col">Phase</th>
                  <th scope="col">
                    <VisuallyHidden>What can be done</VisuallyHidden>
                  </th>
                </tr>
              </thead>
              <tbody>
                {silences.map((s) => (
                  <Row
                    key={s.id}
                    silence={s}
                    may={may}
                    named={(id) => rules.find((r) => r.id === id)?.name ?? 'a rule that is gone'}
                  />
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      </Panel>
      <Modal opened={adding} onClose={() => setAdding(false)} title="New silence" size="lg">
        {adding && <Form onClose={() => setAdding(false)} />}
      </Modal>
    </AlertsPage>
  )
}

function Row({ silence: s, may, named }: { silence: Silence; may: boolean; named: (rule: string) => string }) {
  const { tz } = useView()
  const remove = useDeleteSilence()
  return (
    <tr>
      <td className={classes.what}>
        {s.reason}
        <div className="quiet">{s.created_by}</div>
      </td>
      <td>{whatOf(s, named)}</td>
      <td className={classes.nowrap}>
        <Time at={s.starts_at} zone={tz} />
      </td>
      <td className={classes.nowrap}>
        <Time at={s.ends_at} zone={tz} />
      </td>
      <td>{phaseNames[s.phase]}</td>
      <td className={classes.nowrap}>
        {may && s.phase !== 'over' && (
          <Button size="xs" variant="default" loading={remove.isPending} onClick={() => remove.mutate(s.id)}>
            {s.phase === 'active' ? 'End it now' : 'Delete'}
          </Button>
        )}
      </td>
    </tr>
  )
}

/** "Few visits or No order, severity Info": a rule is quiet when it is among each of what is named. */
function whatOf(s: Silence, named: (rule: string) => string): string {
  const or = (names: string[]) => names.join(' or ')
  return [
    ...(s.rules.length > 0 ? [or(s.rules.map(named))] : []),
    ...(s.groups.length > 0 ? [`group ${or(s.groups)}`] : []),
    ...(s.severities.length > 0 ? [`severity ${or(s.severities.map((v) => severityNames[v]))}`] : []),
  ].join(', ')
}

function Form({ onClose }: { onClose: () => void }) {
  const { tz } = useView()
  const { data: rules = [] } = useQuery(rulesOptions)
  const [about, setAbout] = useState<string[]>([])
  const [groups, setGroups] = useState<string[]>([])
  const [levels, setLevels] = useState<string[]>([])
  const [from, setFrom] = useState(() => localTime.text(new Date(), tz))
  const [to, setTo] = useState(() => localTime.text(new Date(Date.now() + 2 * 3_600_000), tz))
  const [reason, setReason] = useState('')
  const save = useSaveSilence(null)
  const start = localTime.parse(from, tz)
  const end = localTime.parse(to, tz)
  const chosen = about.length + groups.length + levels.length > 0
  const valid = chosen && reason.trim() !== '' && start !== null && end !== null && start < end
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (!valid) return
        save.mutate(
          {
            rules: about,
            groups,
            severities: levels as Severity[],
            starts_at: start.toISOString(),
            ends_at: end.toISOString(),
            reason: reason.trim(),
          },
          { onSuccess: onClose },
        )
      }}
    >
      <Stack>
        <TextInput
          label="Why"
          placeholder="Move to the new database"
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          maxLength={500}
          data-autofocus
        />
        <MultiSelect
          label="Rules"
          data={rules.map((r) => ({ value: r.id, label: r.name }))}
          value={about}
          onChange={setAbout}
          searchable
          clearable
        />
        <TagsInput
          label="Groups"
          data={[...new Set(rules.map((r) => r.group).filter((g) => g !== ''))]}
          value={groups}
          onChange={setGroups}
        />
        <MultiSelect
          label="Severities"
          description="A rule is quiet when it is among those of every list that names any."
          data={severities.map((s) => ({ value: s, label: severityNames[s] }))}
          value={levels}
          onChange={setLevels}
          clearable
        />
        <Group grow align="flex-start">
          <TextInput
            type="datetime-local"
            label={`From (${tz})`}
            value={from}
            onChange={(e) => setFrom(e.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label="To"
            value={to}
            onChange={(e) => setTo(e.currentTarget.value)}
            error={start !== null && end !== null && start >= end ? 'It must end after it begins.' : undefined}
          />
        </Group>
        <FormError error={save.error} />
        <Group justify="flex-end">
          {!chosen && <span className="quiet">Choose at least one rule, group or severity.</span>}
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!valid} loading={save.isPending}>
            Keep quiet
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
