import { ActionIcon, Button, Group, MultiSelect, NumberInput, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import {
  channelsOptions,
  rotationsOptions,
  useSaveEscalation,
  type Escalation,
  type EscalationTarget,
} from '../../api/notify'
import { FormError } from '../../parts/States'
import classes from './Alerts.module.css'
import { usePeople } from './targets'

interface Step {
  id: number
  minutes: number | string
  targets: string[]
}

const keyOf = (t: EscalationTarget) => `${t.kind}:${t.id}`
const targetOf = (key: string): EscalationTarget => {
  const [kind, id] = key.split(':') as [EscalationTarget['kind'], string]
  return { kind, id }
}

/** The steps of a policy, one after the other. */
export function EscalationForm({ policy, onClose }: { policy: Escalation | null; onClose: () => void }) {
  const { data: channels = [] } = useQuery(channelsOptions)
  const { data: rotations = [] } = useQuery(rotationsOptions)
  const { choices } = usePeople()
  const [name, setName] = useState(policy?.name ?? '')
  const [steps, setSteps] = useState<Step[]>(
    policy?.steps.map((s, i) => ({ id: i, minutes: s.delay_seconds / 60, targets: s.targets.map(keyOf) })) ?? [
      { id: 0, minutes: 0, targets: [] },
    ],
  )
  const [repeat, setRepeat] = useState<number | string>(policy?.repeat ?? 0)
  const [pause, setPause] = useState<number | string>((policy?.repeat_after_seconds ?? 900) / 60)
  const save = useSaveEscalation(policy?.id ?? null)
  const valid = name.trim() !== '' && steps.every((s) => s.targets.length > 0 && Number(s.minutes) >= 0)
  const edit = (id: number, c: Partial<Step>) => setSteps((all) => all.map((s) => (s.id === id ? { ...s, ...c } : s)))
  const data = [
    { group: 'Channels', items: channels.map((c) => ({ value: `channel:${c.id}`, label: c.name })) },
    { group: 'On call', items: rotations.map((r) => ({ value: `rotation:${r.id}`, label: r.name })) },
    { group: 'Members, by mail', items: choices.map((c) => ({ ...c, value: `member:${c.value}` })) },
  ]
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (!valid) return
        save.mutate(
          {
            name: name.trim(),
            steps: steps.map((s) => ({
              delay_seconds: Math.round(Number(s.minutes) * 60),
              targets: s.targets.map(targetOf),
            })),
            repeat: Number(repeat),
            repeat_after_seconds: Math.max(60, Math.round(Number(pause) * 60)),
          },
          { onSuccess: onClose },
        )
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          placeholder="Shop"
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          maxLength={120}
          data-autofocus
        />
        {steps.map((s, i) => (
          <fieldset key={s.id} className={classes.step}>
            <legend>Step {i + 1}</legend>
            <NumberInput
              label={i === 0 ? 'Minutes after it opens' : 'Minutes after the step before'}
              min={0}
              max={1440}
              value={s.minutes}
              onChange={(minutes) => edit(s.id, { minutes })}
            />
            <MultiSelect
              label="Who is told"
              data={data}
              value={s.targets}
              onChange={(targets) => edit(s.id, { targets })}
              searchable
            />
            {steps.length > 1 && (
              <ActionIcon
                aria-label={`Remove step ${i + 1}`}
                onClick={() => setSteps((all) => all.filter((o) => o.id !== s.id))}
              >
                <Trash2 size={17} />
              </ActionIcon>
            )}
          </fieldset>
        ))}
        {steps.length < 10 && (
          <div>
            <Button
              variant="default"
              size="xs"
              leftSection={<Plus size={14} />}
              onClick={() =>
                setSteps((all) => [...all, { id: Math.max(...all.map((s) => s.id)) + 1, minutes: 10, targets: [] }])
              }
            >
              Another step
            </Button>
          </div>
        )}
        <Group grow align="flex-start">
          <NumberInput
            label="Begin again"
            description="How often, when nobody has acknowledged it."
            min={0}
            max={10}
            allowDecimal={false}
            value={repeat}
            onChange={setRepeat}
          />
          <NumberInput
            label="After"
            description="Minutes after the last step."
            min={1}
            max={1440}
            value={pause}
            onChange={setPause}
            disabled={Number(repeat) === 0}
          />
        </Group>
        <FormError error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!valid} loading={save.isPending}>
            {policy === null ? 'Create the policy' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
