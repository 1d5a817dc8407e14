import { Button, Group, NumberInput, Select, SegmentedControl, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Filter as FilterIcon } from 'lucide-react'
import { useMemo, useState, type ReactNode } from 'react'
import { escalationsOptions } from '../../api/notify'
import { catalogOptions } from '../../api/queries'
import { qualityOptions } from '../../api/quality'
import { describe } from '../../filters/filter'
import { FilterEditor } from '../../filters/FilterEditor'
import { knownProperties, propertyOptions } from '../../filters/properties'
import { Panel } from '../../parts/Page'
import { measureNames, measures, ofProperty } from '../explore/question'
import classes from './Alerts.module.css'
import { suggestions, unitOf, type Draft } from './draft'
import { hasWindow, kindNames, severities, severityNames, type MeasureKind } from './words'

interface RuleFormProps {
  draft: Draft
  change: (c: Partial<Draft>) => void
  disabled: boolean
}

const minutes = (n: number) => n * 60
const hours = (n: number) => n * 3600
const spans = [
  { value: minutes(1), label: 'minute' },
  { value: minutes(5), label: '5 minutes' },
  { value: minutes(10), label: '10 minutes' },
  { value: minutes(15), label: '15 minutes' },
  { value: minutes(30), label: '30 minutes' },
  { value: hours(1), label: 'hour' },
  { value: hours(2), label: '2 hours' },
  { value: hours(6), label: '6 hours' },
  { value: hours(12), label: '12 hours' },
  { value: hours(24), label: 'day' },
  { value: hours(168), label: '7 days' },
] as const

/** The rule, as one would say it: what is measured, when it is wrong, how urgent that is. */
export function RuleForm(props: RuleFormProps) {
  return (
    <fieldset className={classes.form} disabled={props.disabled}>
      <Measured {...props} />
      <Wrong {...props} />
      <Told {...props} />
    </fieldset>
  )
}

function Measured({ draft, change }: RuleFormProps) {
  const { data: catalog } = useQuery(catalogOptions)
  const { data: quality } = useQuery({ ...qualityOptions, enabled: draft.kind === 'quality' })
  const [filtering, setFiltering] = useState(false)
  const properties = useMemo(() => knownProperties(catalog, draft.event), [catalog, draft.event])
  const events = namesOf(
    catalog?.events.map((e) => e.event),
    draft.event,
    draft.ofEvent,
  )
  const { kind } = draft
  return (
    <Panel title="What is measured">
      <div className={classes.fields}>
        <Choice
          label="Measure"
          value={kind}
          options={Object.entries(kindNames).map(([value, label]) => ({ value: value as MeasureKind, label }))}
          onChange={(k) => change({ kind: k, ...suggestions[k] })}
        />
        {kind === 'trend' && (
          <Choice
            label="What of it"
            value={draft.measure}
            options={measures.map((m) => ({ value: m, label: measureNames[m] }))}
            onChange={(measure) => change({ measure })}
          />
        )}
        {(kind === 'trend' || kind === 'ratio' || kind === 'freshness') && (
          <Select
            label={kind === 'ratio' ? 'Events that count' : 'Event'}
            placeholder="All events"
            data={events}
            value={draft.event}
            onChange={(event) => change({ event })}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'All events' }}
          />
        )}
        {kind === 'ratio' && (
          <Select
            label="As a share of"
            placeholder="All events"
            data={events}
            value={draft.ofEvent}
            onChange={(ofEvent) => change({ ofEvent })}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'All events' }}
          />
        )}
        {kind === 'trend' && ofProperty(draft.measure) && (
          <Select
            label="Property"
            placeholder="A number"
            data={propertyOptions(properties, draft.property, (p) => p.types.includes('number'))}
            value={draft.property}
            onChange={(property) => change({ property })}
            searchable
            nothingFoundMessage="No property that is a number"
          />
        )}
        {kind === 'quota_use' && (
          <NumberInput
            label="Events a month that are all of it"
            value={draft.amount}
            onChange={(amount) => change({ amount })}
            min={1}
            allowDecimal={false}
            thousandSeparator=","
          />
        )}
        {kind === 'quality' && (
          <Select
            label="Check"
            placeholder="Choose a check"
            data={(quality?.checks ?? []).map(({ check }) => ({ value: check.id, label: check.name }))}
            value={draft.check}
            onChange={(check) => change({ check })}
            nothingFoundMessage="No check"
            searchable
          />
        )}
        {hasWindow(kind) && (
          <Choice
            label="Over the last"
            value={String(draft.window)}
            options={within(spans, draft.window)}
            onChange={(w) => change({ window: Number(w) })}
          />
        )}
        <Choice
          label="Looked at every"
          value={String(draft.interval)}
          options={within(
            spans.filter((s) => s.value <= hours(24)),
            draft.interval,
          )}
          onChange={(i) => change({ interval: Number(i) })}
        />
      </div>
      {(kind === 'trend' || kind === 'ratio') && (
        <div className={classes.filter}>
          <Button variant="default" size="xs" leftSection={<FilterIcon size={14} />} onClick={() => setFiltering(true)}>
            {draft.filter === null ? 'Only some of them' : 'Change the filter'}
          </Button>
          {draft.filter !== null && <span>{describe(draft.filter)}</span>}
          <FilterEditor
            opened={filtering}
            filter={draft.filter}
            onClose={() => setFiltering(false)}
            onApply={(filter) => {
              change({ filter })
              setFiltering(false)
            }}
          />
        </div>
      )}
    </Panel>
  )
}

function Wrong({ draft, change }: RuleFormProps) {
  const unit = unitOf(draft.kind)
  return (
    <Panel title="When it is wrong">
      <div className={classes.fields}>
        <Choice
          label="Condition"
          value={draft.condition}
          options={[
            { value: 'threshold', label: 'Beyond a bound' },
            { value: 'change', label: 'Changed too much' },
            { value: 'anomaly', label: 'Not as usual at this time of the week' },
            { value: 'no_data', label: 'Nothing to measure' },
          ]}
          onChange={(condition) =>
            change({
              condition,
              direction:
                condition === 'threshold' ? (draft.direction === 'either' ? 'above' : draft.direction) : 'either',
            })
          }
        />
        {draft.condition !== 'no_data' && (
          <Choice
            label="Direction"
            value={draft.direction}
            options={[
              { value: 'above', label: draft.condition === 'change' ? 'Rises' : 'Above' },
              { value: 'below', label: draft.condition === 'change' ? 'Falls' : 'Below' },
              ...(draft.condition === 'threshold' ? [] : [{ value: 'either' as const, label: 'Either' }]),
            ]}
            onChange={(direction) => change({ direction })}
          />
        )}
        {draft.condition === 'threshold' && (
          <NumberInput
            label="Bound"
            description="The bound itself is still fine."
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            value={draft.value}
            onChange={(value) => change({ value })}
            suffix={unit}
          />
        )}
        {draft.condition === 'change' && (
          <>
            <NumberInput
              label="By more than"
              suffix="%"
              min={0}
              value={draft.value}
              onChange={(value) => change({ value })}
            />
            <Choice
              label="Compared with"
              value={draft.against}
              options={[
                { value: 'previous', label: 'The window before' },
                { value: 'day', label: 'A day before' },
                { value: 'week', label: 'A week before' },
              ]}
              onChange={(against) => change({ against })}
            />
          </>
        )}
        {draft.condition === 'anomaly' && (
          <NumberInput
            label="Deviations"
            description="From the median of the same time in the past 8 weeks. 5 is rare; 3 is noticed often."
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            value={draft.deviations}
            onChange={(deviations) => change({ deviations })}
            min={1}
            max={100}
          />
        )}
        <Choice
          label="For at least"
          value={String(draft.hold)}
          options={[
            { value: '0', label: 'One look is enough' },
            ...within(
              spans.filter((s) => s.value <= hours(24)),
              draft.hold || minutes(1),
            ),
          ]}
          onChange={(hold) => change({ hold: Number(hold) })}
        />
        <Choice
          label="Late events are waited for"
          value={String(draft.delay)}
          options={[
            { value: '0', label: 'Not at all' },
            ...within(
              spans.filter((s) => s.value <= hours(24)),
              draft.delay || minutes(1),
            ),
          ]}
          onChange={(delay) => change({ delay: Number(delay) })}
        />
        {draft.condition !== 'no_data' && (
          <Choice
            label="With nothing to measure"
            value={draft.noData}
            options={[
              { value: 'ok', label: 'It is fine' },
              { value: 'firing', label: 'It is wrong' },
              { value: 'keep', label: 'It stays as it was' },
            ]}
            onChange={(noData) => change({ noData })}
          />
        )}
      </div>
    </Panel>
  )
}

function Told({ draft, change }: RuleFormProps) {
  const { data: escalations = [] } = useQuery(escalationsOptions)
  return (
    <Panel title="What comes of it">
      <div className={classes.fields}>
        <TextInput
          label="Name"
          placeholder="Few purchases"
          value={draft.name}
          onChange={(e) => change({ name: e.currentTarget.value })}
          maxLength={120}
        />
        <Labelled label="Severity">
          <SegmentedControl
            fullWidth
            value={draft.severity}
            onChange={(severity) => change({ severity })}
            data={severities.map((s) => ({ value: s, label: severityNames[s] }))}
            aria-label="Severity"
          />
        </Labelled>
        <Select
          label="Who is told"
          placeholder="Nobody: it only shows here"
          data={escalations.map((e) => ({ value: e.id, label: e.name }))}
          value={draft.escalation}
          onChange={(escalation) => change({ escalation })}
          clearable
          clearButtonProps={{ 'aria-label': 'Nobody' }}
          nothingFoundMessage="No escalation policy yet"
        />
        <TextInput
          label="Group"
          description="Rules of one group share an incident."
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          placeholder="None"
          value={draft.group}
          onChange={(e) => change({ group: e.currentTarget.value })}
          maxLength={120}
        />
      </div>
    </Panel>
  )
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <div className={classes.label}>{label}</div>
      {children}
    </div>
  )
}

interface ChoiceProps<T extends string> {
  label: string
  value: T
  options: readonly { value: T; label: string }[]
  onChange: (value: T) => void
}

/** A choice that is always made. */
function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <Select
      label={label}
      data={options.map((o) => ({ ...o }))}
      value={value}
      onChange={(v) => v !== null && onChange(v)}
      allowDeselect={false}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  )
}

/** The spans to choose from, with the one that was chosen by other means. */
function within(
  spans: readonly { value: number; label: string }[],
  chosen: number,
): { value: string; label: string }[] {
  const all = spans.some((s) => s.value === chosen)
    ? [...spans]
    : [...spans, { value: chosen, label: `${chosen} seconds` }]
  return all.sort((a, b) => a.value - b.value).map((s) => ({ value: String(s.value), label: s.label }))
}

function namesOf(known: readonly string[] | undefined, ...more: (string | null)[]): string[] {
  return [...new Set([...(known ?? []), ...more.filter((e) => e !== null)])]
}

/** The buttons below the form. */
export function SaveBar({ children }: { children: ReactNode }) {
  return (
    <Group className={classes.save} justify="flex-end">
      {children}
    </Group>
  )
}
