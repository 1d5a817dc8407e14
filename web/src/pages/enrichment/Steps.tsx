import { NumberInput, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { catalogOptions } from '../../api/queries'
import type { Catalog } from '../../api/types'
import { Becomes } from '../../parts/Becomes'
import { Panel } from '../../parts/Page'
import { withStep, type Enrichment } from './enrichment'
import classes from './Enrichment.module.css'
import { steps, type Step } from './steps'

interface Props {
  policy: Enrichment
  /** Null where one may only look. */
  onChange: ((next: Enrichment) => void) | null
}

/** Every step, with what it finds, and what it has found in the events that are stored. */
export function Steps({ policy, onChange }: Props) {
  const { data: catalog } = useQuery(catalogOptions)
  return (
    <Panel title="Steps" note="Done in this order, after redaction and before anything is written." flush>
      <ul className={classes.steps}>
        {steps.map((step) => (
          <li key={step.name} className={classes.step} data-on={policy.steps.includes(step.name)}>
            <Switch
              className={classes.switch}
              label={step.title}
              checked={policy.steps.includes(step.name)}
              disabled={onChange === null}
              onChange={(e) => onChange?.(withStep(policy, step.name, e.currentTarget.checked))}
            />
            <div className={classes.about}>
              <p>{step.finds}</p>
              <Becomes before={step.example[0]} after={step.example[1]} />
              {step.name === 'session' && policy.steps.includes('session') && (
                <Timeout policy={policy} onChange={onChange} />
              )}
              <Seen step={step} catalog={catalog} />
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Timeout({ policy, onChange }: Props) {
  return (
    <NumberInput
      className={classes.timeout}
      label="Minutes without an event that end a session"
      description="1 to 1440 (a day)"
      value={policy.session.timeout_minutes}
      disabled={onChange === null}
      onChange={(n) => typeof n === 'number' && onChange?.({ ...policy, session: { timeout_minutes: n } })}
      allowDecimal={false}
      allowNegative={false}
      min={1}
      max={1440}
    />
  )
}

/** What the step has found in stored events, or what it lacks. */
function Seen({ step, catalog }: { step: Step; catalog: Catalog | undefined }) {
  if (catalog === undefined) return null
  const seen = step.facts
    .map((fact) => [fact, examplesOf(catalog, fact)] as const)
    .filter(([, examples]) => examples.length > 0)
  if (seen.length > 0) {
    return (
      <p className={classes.seen}>
        In your events:{' '}
        {seen.slice(0, 3).map(([fact, examples]) => (
          <span key={fact}>
            <code className="mono">{fact}</code> {examples.slice(0, 3).join(', ')}
          </span>
        ))}
      </p>
    )
  }
  return step.needs === undefined ? null : (
    <p className={classes.needs}>
      <TriangleAlert size={15} aria-hidden="true" /> <span>{step.needs}</span>
    </p>
  )
}

function examplesOf(catalog: Catalog, fact: string): string[] {
  const found = catalog.events.flatMap((e) => e.properties.filter((p) => p.name === `facts.${fact}`))
  return [...new Set(found.flatMap((p) => p.examples))]
}
