import { Autocomplete, Button, Group, Modal, NumberInput, Radio, Select, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { catalogOptions } from '../../api/queries'
import { qualityOptions, saveCheck, type NewQualityCheck, type QualityCheck, type QualityKind } from '../../api/quality'
import { knownProperties, propertyOptions } from '../../filters/properties'
import { FormError } from '../../parts/States'
import classes from './Quality.module.css'
import { everyText, intervalsOf, kindMeanings, kindNames, kinds, lengthText, suggestedName } from './words'

interface CheckFormProps {
  opened: boolean
  onClose: () => void
  /** The check to change; null adds one. */
  check: QualityCheck | null
}

export function CheckForm({ opened, onClose, check }: CheckFormProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={check === null ? 'Add a check' : 'Change the check'} size="lg">
      {opened && <Form check={check} onClose={onClose} />}
    </Modal>
  )
}

const slas = [300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800]

function Form({ check, onClose }: Omit<CheckFormProps, 'opened'>) {
  const client = useQueryClient()
  const { data: catalog } = useQuery(catalogOptions)
  const [kind, setKind] = useState<QualityKind>(check?.kind ?? 'volume')
  const [event, setEvent] = useState(check?.event ?? '')
  const [property, setProperty] = useState(check?.property ?? '')
  const [name, setName] = useState<string | null>(check?.name ?? null)
  const [tolerance, setTolerance] = useState(check?.tolerance ?? 4)
  const [percent, setPercent] = useState(Math.round((check?.max_share ?? 0.05) * 10_000) / 100)
  const [sla, setSla] = useState(check?.sla_seconds ?? 3600)
  const [interval, setInterval] = useState(check?.interval_seconds ?? 3600)

  const intervals = intervalsOf(kind)
  const every = intervals.find((i) => i === interval) ?? 3600
  const shownName = name ?? suggestedName(kind, event.trim(), property)
  const body: NewQualityCheck = {
    kind,
    name: shownName,
    interval_seconds: every,
    enabled: check?.enabled ?? true,
    ...(kind !== 'ledger' && event.trim() !== '' ? { event: event.trim() } : {}),
    ...(kind === 'volume' ? { tolerance } : {}),
    ...(kind === 'nulls' ? { property, max_share: percent / 100 } : {}),
    ...(kind === 'freshness' ? { sla_seconds: sla } : {}),
  }
  const save = useMutation({
    mutationFn: () => saveCheck(check?.id ?? null, body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: qualityOptions.queryKey })
      onClose()
    },
  })
  const known = knownProperties(catalog, event.trim() === '' ? null : event.trim())
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (kind !== 'nulls' || property !== '') save.mutate()
      }}
    >
      <Stack gap="md">
        {check === null && (
          <Radio.Group label="What to check" value={kind} onChange={(k) => setKind(k)}>
            <div className={classes.kinds}>
              {kinds.map((k) => (
                <Radio key={k} value={k} label={kindNames[k]} description={kindMeanings[k]} />
              ))}
            </div>
          </Radio.Group>
        )}
        {kind !== 'ledger' && (
          <Autocomplete
            label="Event"
            description="Leave it empty for all events."
            placeholder="All events"
            data={(catalog?.events ?? []).map((e) => e.event)}
            value={event}
            onChange={setEvent}
            maxLength={200}
          />
        )}
        {kind === 'nulls' && (
          <>
            <Select
              label="Property"
              placeholder="Choose a property"
              data={propertyOptions(known, property)}
              value={property === '' ? null : property}
              onChange={(p) => setProperty(p ?? '')}
              searchable
              required
              nothingFoundMessage="No such property"
            />
            <NumberInput
              label="May be missing in"
              description="Of the events since the check before. It warns from four fifths of that on, and fails above it."
              value={percent}
              onChange={(n) => setPercent(Number(n))}
              min={0}
              max={100}
              decimalScale={2}
              suffix=" %"
              required
            />
          </>
        )}
        {kind === 'volume' && (
          <NumberInput
            label="Tolerance"
            description="How many spreads from the median of past weeks are still usual; a spread is about a standard deviation. Beyond that it warns, and as far again it fails. 3 is strict, 4 is usual, 6 is lenient."
            value={tolerance}
            onChange={(n) => setTolerance(Number(n))}
            min={0.5}
            max={100}
            step={0.5}
            required
          />
        )}
        {kind === 'freshness' && (
          <Select
            label="The newest event may be"
            description="It warns from four fifths of that age on, and fails above it."
            data={[...new Set([...slas, sla])]
              .sort((a, b) => a - b)
              .map((s) => ({ value: String(s), label: `${lengthText(s)} old` }))}
            value={String(sla)}
            onChange={(s) => s !== null && setSla(Number(s))}
            allowDeselect={false}
          />
        )}
        <Select
          label="Check"
          data={intervals.map((i) => ({ value: String(i), label: everyText(i) }))}
          value={String(every)}
          onChange={(i) => i !== null && setInterval(Number(i))}
          allowDeselect={false}
        />
        <TextInput
          label="Name"
          required
          maxLength={120}
          value={shownName}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <FormError error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={shownName.trim() === '' || (kind === 'nulls' && property === '')}
          >
            {check === null ? 'Add the check' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
