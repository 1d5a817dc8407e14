import { ActionIcon, Autocomplete, Button, Menu, Select, TextInput, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowDown, ArrowUp, ChevronDown, Lightbulb, Plus, Trash2 } from 'lucide-react'
import { useMemo } from 'react'
import type { CauseDetails } from '../../api/quarantine'
import { catalogOptions } from '../../api/queries'
import { Prose } from '../../parts/Prose'
import {
  describeStep,
  flawOf,
  fromStep,
  newDraft,
  opMeanings,
  opNames,
  ops,
  toStep,
  typeNames,
  type Draft,
  type Type,
} from './mapping'
import classes from './Quarantine.module.css'
import { pathsOf, suggest } from './suggest'

interface Props {
  details: CauseDetails
  drafts: readonly Draft[]
  onChange: (drafts: readonly Draft[]) => void
}

const mostSteps = 50

/** The steps that put an event right, in order. */
export function MappingEditor({ details, drafts, onChange }: Props) {
  const { data: catalog } = useQuery(catalogOptions)
  const { paths, places, suggestions } = useMemo(() => {
    const { cause, examples } = details
    const found = pathsOf(examples)
    const events = (catalog?.events ?? []).map((e) => e.event)
    const properties = (catalog?.events.find((e) => e.event === cause.event)?.properties ?? []).map((p) => p.name)
    const paths = [...found.keys()].sort()
    return {
      paths,
      places: [...new Set([...(cause.path === '' ? [] : [cause.path]), ...properties, ...paths])],
      suggestions: suggest(cause, found, { events, properties }),
    }
  }, [details, catalog])
  const taken = drafts.map((d) => JSON.stringify(toStep(d)))
  const left = suggestions.filter((s) => !taken.includes(JSON.stringify(s)))
  const replace = (at: number, next: Draft) => onChange(drafts.map((d, i) => (i === at ? next : d)))
  const move = (at: number, by: number) => {
    const next = [...drafts]
    const [moved] = next.splice(at, 1)
    if (moved) next.splice(at + by, 0, moved)
    onChange(next)
  }
  return (
    <div className={classes.mapping}>
      {left.length > 0 && (
        <div className={classes.suggestions}>
          <Lightbulb size={17} aria-hidden="true" />
          <span>From the examples:</span>
          {left.map((s) => (
            <Button
              key={JSON.stringify(s)}
              variant="default"
              size="xs"
              className={classes.suggestion}
              leftSection={<Plus size={14} />}
              onClick={() => onChange([...drafts, fromStep(s)])}
            >
              <Prose>{describeStep(s)}</Prose>
            </Button>
          ))}
        </div>
      )}
      {drafts.length > 0 && (
        <ol className={classes.steps} aria-label="Steps of the mapping">
          {drafts.map((d, i) => (
            <li key={d.key}>
              <fieldset className={classes.step}>
                <legend className={classes.legend}>Step {i + 1}</legend>
                <StepFields draft={d} paths={paths} places={places} onChange={(next) => replace(i, next)} />
                <div className={classes.stepActions}>
                  <Tooltip label="Earlier">
                    <ActionIcon aria-label={`Move step ${i + 1} up`} disabled={i === 0} onClick={() => move(i, -1)}>
                      <ArrowUp size={16} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label="Later">
                    <ActionIcon
                      aria-label={`Move step ${i + 1} down`}
                      disabled={i === drafts.length - 1}
                      onClick={() => move(i, 1)}
                    >
                      <ArrowDown size={16} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label="Remove">
                    <ActionIcon
                      aria-label={`Remove step ${i + 1}`}
                      onClick={() => onChange(drafts.filter((o) => o.key !== d.key))}
                    >
                      <Trash2 size={16} />
                    </ActionIcon>
                  </Tooltip>
                </div>
                {flawOf(d) !== null && <p className={classes.flaw}>{flawOf(d)}</p>}
              </fieldset>
            </li>
          ))}
        </ol>
      )}
      <div>
        <Menu position="bottom-start">
          <Menu.Target>
            <Button
              variant="default"
              leftSection={<Plus size={16} />}
              rightSection={<ChevronDown size={15} />}
              disabled={drafts.length >= mostSteps}
            >
              Add a step
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {ops.map((op) => (
              <Menu.Item key={op} onClick={() => onChange([...drafts, newDraft({ op })])}>
                {opNames[op]}
                <span className={classes.meaning}>{opMeanings[op]}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
    </div>
  )
}

interface StepFieldsProps {
  draft: Draft
  /** What the examples have. */
  paths: string[]
  /** And what stored events have, where a value could go. */
  places: string[]
  onChange: (next: Draft) => void
}

function StepFields({ draft: d, paths, places, onChange }: StepFieldsProps) {
  const path = <PathInput label="Where" value={d.path} paths={paths} onChange={(path) => onChange({ ...d, path })} />
  return (
    <div className={classes.fields}>
      <Select
        className={classes.op}
        label="What"
        data={ops.map((op) => ({ value: op, label: opNames[op] }))}
        value={d.op}
        onChange={(op) => op !== null && onChange({ ...d, op })}
        allowDeselect={false}
      />
      {d.op === 'rename' && (
        <>
          <PathInput label="From" value={d.from} paths={paths} onChange={(from) => onChange({ ...d, from })} />
          <PathInput label="To" value={d.to} paths={places} onChange={(to) => onChange({ ...d, to })} />
        </>
      )}
      {d.op === 'convert' && (
        <>
          {path}
          <Select
            label="To"
            data={Object.entries(typeNames).map(([value, label]) => ({ value, label }))}
            value={d.toType}
            onChange={(t) => t !== null && onChange({ ...d, toType: t as Type })}
            allowDeselect={false}
          />
        </>
      )}
      {d.op === 'default' && (
        <>
          <PathInput label="Where" value={d.path} paths={places} onChange={(p) => onChange({ ...d, path: p })} />
          <TextInput
            label="Value"
            placeholder="0, true, EUR, []"
            title="JSON; what is none is a text"
            value={d.value}
            onChange={(e) => onChange({ ...d, value: e.currentTarget.value })}
            maxLength={4000}
          />
        </>
      )}
      {d.op === 'drop' && path}
      {d.op === 'split' && (
        <>
          {path}
          <TextInput
            className={classes.separator}
            label="At"
            value={d.separator}
            onChange={(e) => onChange({ ...d, separator: e.currentTarget.value })}
            maxLength={20}
          />
          <TextInput
            label="Into"
            placeholder="properties.first, properties.last"
            value={d.into}
            onChange={(e) => onChange({ ...d, into: e.currentTarget.value })}
          />
        </>
      )}
      {d.op === 'set_event' && (
        <TextInput
          label="Name"
          value={d.value}
          onChange={(e) => onChange({ ...d, value: e.currentTarget.value })}
          maxLength={200}
        />
      )}
    </div>
  )
}

interface PathInputProps {
  label: string
  value: string
  paths: string[]
  onChange: (path: string) => void
}

function PathInput({ label, value, paths, onChange }: PathInputProps) {
  return (
    <Autocomplete
      className={classes.path}
      label={label}
      placeholder="properties.amount"
      data={paths}
      value={value}
      onChange={onChange}
      maxLength={500}
      limit={50}
      spellCheck={false}
      autoComplete="off"
    />
  )
}
