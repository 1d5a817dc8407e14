import { ActionIcon, Button, Switch, Tooltip, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowRight, ChevronDown, ChevronUp, Pencil, Plus, ShieldOff } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { detectorsOptions } from '../../api/redaction'
import type { Policy } from '../../api/types'
import { formatShare, plural } from '../../numbers/format'
import { Becomes } from '../../parts/Becomes'
import { Panel } from '../../parts/Page'
import { Empty } from '../../parts/States'
import { exampleOf } from './examples'
import classes from './Redaction.module.css'
import { RuleForm } from './RuleForm'
import { Matched } from './Matched'
import type { Rule } from './rule'
import { moved, switchedOff, withoutRule, withRule, type Rules } from './rules'
import { actionWords } from './words'

interface Props {
  rules: Rules
  inForce: Rules
  /** Every version, newest first; undefined until they are known. */
  history: readonly Policy[] | undefined
  /** Null where one may only look. */
  onChange: ((next: Rules) => void) | null
}

/** The rules in their order, those that are switched off, and the form of one. Which one is open stands in the URL. */
export function RuleList({ rules, inForce, history, onChange }: Props) {
  const [params, setParams] = useSearchParams()
  const [said, setSaid] = useState('')
  const open = (change: (p: URLSearchParams) => void) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      next.delete('rule')
      next.delete('add')
      change(next)
      return next
    })
  const edited = rules.rules.find((r) => r.name === params.get('rule')) ?? null
  const off = switchedOff(rules, history ?? [])
  const count = rules.rules.length
  const move = (rule: Rule, to: number) => {
    if (onChange === null || to < 0 || to >= count) return
    onChange(moved(rules, rule.name, to))
    setSaid(`${rule.name} is now rule ${to + 1} of ${count}`)
  }
  return (
    <Panel
      title="Rules"
      note="From top to bottom: a value belongs to the first rule that matches it."
      actions={
        onChange && (
          <Button variant="default" leftSection={<Plus size={16} />} onClick={() => open((p) => p.set('add', 'rule'))}>
            Add a rule
          </Button>
        )
      }
      flush
    >
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      {count === 0 ? (
        <Empty title="No rule is on" icon={<ShieldOff size={36} strokeWidth={1.4} />}>
          Events are stored as they are sent. Add a rule, or switch one on again below.
        </Empty>
      ) : (
        <ol className={classes.rules}>
          {rules.rules.map((rule, i) => (
            <li
              key={rule.name}
              className={classes.rule}
              data-changed={!inForce.rules.some((r) => JSON.stringify(r) === JSON.stringify(rule))}
            >
              <Place rule={rule} at={i} of={count} move={onChange && move} />
              <Said rule={rule} builtIn={isBuiltIn(rule, history)} />
              {onChange && (
                <div className={classes.tools}>
                  <Tooltip label="Change">
                    <ActionIcon
                      aria-label={`Change the rule ${rule.name}`}
                      onClick={() => open((p) => p.set('rule', rule.name))}
                    >
                      <Pencil size={16} />
                    </ActionIcon>
                  </Tooltip>
                  <Switch
                    aria-label={`The rule ${rule.name} is on`}
                    checked
                    onChange={() => onChange(withoutRule(rules, rule.name))}
                  />
                </div>
              )}
            </li>
          ))}
        </ol>
      )}
      {off.length > 0 && (
        <details className={classes.off} open={count === 0}>
          <summary>
            {plural(off.length, 'rule')} of other versions {off.length === 1 ? 'is' : 'are'} switched off
          </summary>
          <ul className={classes.rules}>
            {off.map(({ rule, at }) => (
              <li key={rule.name} className={classes.rule} data-off="true">
                <span className={classes.place}>–</span>
                <Said rule={rule} builtIn={isBuiltIn(rule, history)} />
                {onChange && (
                  <div className={classes.tools}>
                    <Switch
                      aria-label={`The rule ${rule.name} is on`}
                      checked={false}
                      onChange={() => onChange(moved(withRule(rules, null, rule), rule.name, Math.min(at, count)))}
                    />
                  </div>
                )}
              </li>
            ))}
          </ul>
        </details>
      )}
      {onChange && (
        <RuleForm
          opened={edited !== null || params.has('add')}
          rules={rules}
          rule={edited}
          onClose={() => open(() => undefined)}
          onSave={(rule) => {
            onChange(withRule(rules, edited?.name ?? null, rule))
            open(() => undefined)
          }}
        />
      )}
    </Panel>
  )
}

interface PlaceProps {
  rule: Rule
  at: number
  of: number
  move: ((rule: Rule, to: number) => void) | null
}

const ended = { 'aria-disabled': true, 'data-disabled': true }

/** The number of a rule, and the buttons that move it. They stay focusable at the ends, so that the focus is not lost there. */
function Place({ rule, at, of, move }: PlaceProps) {
  return (
    <div className={classes.place}>
      {move && (
        <ActionIcon
          size="sm"
          aria-label={`Move ${rule.name} up`}
          {...(at === 0 && ended)}
          onClick={(e) => {
            move(rule, at - 1)
            keepFocus(e.currentTarget)
          }}
        >
          <ChevronUp size={16} />
        </ActionIcon>
      )}
      <span>{at + 1}</span>
      {move && (
        <ActionIcon
          size="sm"
          aria-label={`Move ${rule.name} down`}
          {...(at === of - 1 && ended)}
          onClick={(e) => {
            move(rule, at + 1)
            keepFocus(e.currentTarget)
          }}
        >
          <ChevronDown size={16} />
        </ActionIcon>
      )}
    </div>
  )
}

/** A row that is moved on the page loses the focus, unless it is put back. */
function keepFocus(button: HTMLElement) {
  requestAnimationFrame(() => button.focus())
}

/** What a rule looks for and what it does, in words and with an example. */
function Said({ rule, builtIn }: { rule: Rule; builtIn: boolean }) {
  const { data: detectors = [] } = useQuery(detectorsOptions)
  const detector = detectors.find((d) => d.name === rule.detector)
  const example = exampleOf(rule)
  return (
    <div className={classes.what}>
      <p className={classes.line}>
        <span className={classes.matches}>
          <Matched rule={rule} builtIn={builtIn} />
        </span>
        <ArrowRight size={16} aria-hidden="true" />
        <span className={classes.does} data-action={rule.action}>
          {actionWords(rule)}
        </span>
      </p>
      {example && <Becomes before={example.before} after={example.after} />}
      <p className={classes.meta}>
        <span className="mono">{rule.name}</span>
        {detector && (
          <span title="On the labelled texts that the project keeps: how much of what it finds is right, and how much of what there is it finds">
            precision {formatShare(detector.precision)} · recall {formatShare(detector.recall)}
          </span>
        )}
      </p>
    </div>
  )
}

/** Whether the built-in policy, the last of all versions, has the same pattern: then we know what it is about. */
function isBuiltIn(rule: Rule, history: readonly Policy[] | undefined): boolean {
  const first = history?.at(-1)
  if (first === undefined || rule.key === undefined) return false
  return ((first.document as unknown as Partial<Rules>).rules ?? []).some((r) => r.key === rule.key)
}
