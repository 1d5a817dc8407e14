import { Button, Group, Modal, NumberInput, Radio, SegmentedControl, Select, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { rehearsePolicy } from '../../api/policies'
import { detectorsOptions } from '../../api/redaction'
import type { Detector } from '../../api/types'
import { formatShare } from '../../numbers/format'
import { ErrorNote } from '../../parts/States'
import { exampleOf } from './examples'
import classes from './Redaction.module.css'
import { actions, matcherOf, type Action, type Matcher, type Rule } from './rule'
import { flawOf, freeName, withRule, type Rules } from './rules'
import { actionMeanings, actionNames, defaults, detectorName } from './words'

interface Props {
  rules: Rules
  /** The rule that is changed; null for a new one. */
  rule: Rule | null
  onClose: () => void
  onSave: (rule: Rule) => void
}

/** One rule: what it looks for, and what becomes of it. The server says whether it can be used before it is taken. */
export function RuleForm({ opened, ...props }: Props & { opened: boolean }) {
  return (
    <Modal
      opened={opened}
      onClose={props.onClose}
      title={props.rule ? `Change the rule ${props.rule.name}` : 'Add a rule'}
      size="xl"
    >
      {opened && <Form key={props.rule?.name ?? ''} {...props} />}
    </Modal>
  )
}

const matchers: readonly { value: Matcher; label: string }[] = [
  { value: 'detector', label: 'What it looks like' },
  { value: 'key', label: 'Its name' },
  { value: 'path', label: 'Its place' },
]

function Form({ rules, rule, onClose, onSave }: Props) {
  const { data: detectors = [] } = useQuery(detectorsOptions)
  const [matcher, setMatcher] = useState<Matcher>(rule ? matcherOf(rule) : 'detector')
  const [pattern, setPattern] = useState<Record<Matcher, string>>({
    detector: rule?.detector ?? '',
    key: rule?.key ?? '',
    path: rule?.path ?? '',
  })
  const [action, setAction] = useState<Action>(rule?.action ?? 'drop')
  const [numbers, setNumbers] = useState({ keep: rule?.keep, places: rule?.places, width: rule?.width })
  const [name, setName] = useState<string | null>(rule?.name ?? null)
  const about = pattern[matcher].trim()
  const proposed = freeName(rules, matcher === 'detector' ? detectorName(about) : about)
  const detector = matcher === 'detector' ? detectors.find((d) => d.name === about) : undefined
  const possible = actions.filter((a) => (matcher === 'detector' ? detector?.actions.includes(a) : true))
  const chosen = possible.includes(action) ? action : (possible[0] ?? 'drop')
  const made: Rule = {
    name: (name ?? proposed).trim(),
    [matcher]: about,
    action: chosen,
    ...numberOf(chosen, numbers),
  }
  const check = useMutation({
    // The smallest rehearsal there is: it changes nothing, and says what is wrong.
    mutationFn: (r: Rule) => rehearsePolicy('redaction', withRule(rules, rule?.name ?? null, r), 1),
    onSuccess: (_, r) => onSave(r),
  })
  const flaw = check.error && flawOf(check.error.message)
  const current = JSON.stringify(check.variables) === JSON.stringify(made)
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault()
        check.mutate(made)
      }}
    >
      <div>
        <SegmentedControl
          aria-label="What to look for"
          data={[...matchers]}
          value={matcher}
          onChange={(m) => setMatcher(m)}
          fullWidth
        />
      </div>
      {matcher === 'detector' && (
        <DetectorField
          detectors={detectors}
          value={about}
          onChange={(detector) => setPattern({ ...pattern, detector })}
        />
      )}
      {matcher === 'key' && (
        <TextInput
          label="Pattern of the name"
          description="A regular expression (RE2) that the name of a value matches, at any depth: (?i)passw(or)?d"
          value={pattern.key}
          onChange={(e) => setPattern({ ...pattern, key: e.currentTarget.value })}
          required
          maxLength={500}
          spellCheck={false}
          autoComplete="off"
          data-autofocus
        />
      )}
      {matcher === 'path' && (
        <TextInput
          label="Path"
          description="properties.user.*.phone, context.**.address, properties.items[].note. * is any one name, ** any number of names, [] any element of a list."
          value={pattern.path}
          onChange={(e) => setPattern({ ...pattern, path: e.currentTarget.value })}
          required
          maxLength={500}
          spellCheck={false}
          autoComplete="off"
          data-autofocus
        />
      )}
      {possible.length > 0 && (
        <Radio.Group label="What becomes of it" value={chosen} onChange={(a) => setAction(a)}>
          <div className={classes.actions}>
            {possible.map((a) => {
              const example =
                a === 'allow' || a === 'drop' ? null : exampleOf({ name: '', [matcher]: about, action: a })
              return (
                <Radio
                  key={a}
                  value={a}
                  label={actionNames[a]}
                  description={
                    <>
                      {actionMeanings[a]}
                      {example && (
                        <>
                          {' '}
                          <span className="mono">{example.after}</span>
                        </>
                      )}
                    </>
                  }
                />
              )
            })}
          </div>
        </Radio.Group>
      )}
      {chosen === 'mask' && (
        <Count
          label="How many of the last characters stay"
          description="0 to 8. Without a number 4. E-mail addresses keep their domain and no more."
          value={numbers.keep}
          placeholder={defaults.keep}
          onChange={(keep) => setNumbers({ ...numbers, keep })}
        />
      )}
      {chosen === 'truncate' && (
        <Count
          label="How many decimals stay"
          description="0 to 6. Without a number 2. IP addresses are shortened to /24 and /48 in any case."
          value={numbers.places}
          placeholder={defaults.places}
          onChange={(places) => setNumbers({ ...numbers, places })}
        />
      )}
      {chosen === 'generalise' && (
        <Count
          label="Width of a band"
          description="2 to 1000. Without a number 10: 30-39, 40-49 and so on."
          value={numbers.width}
          placeholder={defaults.width}
          onChange={(width) => setNumbers({ ...numbers, width })}
        />
      )}
      <TextInput
        label="Name"
        description="Events that it touches say it. Small letters, digits, - and _."
        value={name ?? (about === '' ? '' : proposed)}
        onChange={(e) => setName(e.currentTarget.value)}
        maxLength={64}
        spellCheck={false}
        autoComplete="off"
        required
      />
      {check.error && current && (
        <ErrorNote
          error={flaw ? new Error(flaw.text) : check.error}
          meaning="The rule was not taken, and nothing was changed."
        />
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={check.isPending} disabled={about === ''}>
          {rule ? 'Change' : 'Add'}
        </Button>
      </Group>
    </form>
  )
}

function numberOf(
  action: Action,
  n: { keep: number | undefined; places: number | undefined; width: number | undefined },
) {
  if (action === 'mask' && n.keep !== undefined) return { keep: n.keep }
  if (action === 'truncate' && n.places !== undefined) return { places: n.places }
  if (action === 'generalise' && n.width !== undefined) return { width: n.width }
  return {}
}

interface DetectorFieldProps {
  detectors: readonly Detector[]
  value: string
  onChange: (name: string) => void
}

function DetectorField({ detectors, value, onChange }: DetectorFieldProps) {
  const chosen = detectors.find((d) => d.name === value)
  return (
    <>
      <Select
        label="Detector"
        description="It looks into every text, within texts too, wherever it stands."
        placeholder="Choose what to find"
        data={detectors.map((d) => ({ value: d.name, label: detectorName(d.name) }))}
        value={value === '' ? null : value}
        onChange={(d) => d !== null && onChange(d)}
        allowDeselect={false}
        searchable
        openOnFocus={false}
        nothingFoundMessage="No such detector"
        data-autofocus
      />
      {chosen && (
        <div className={classes.found}>
          <p>
            {chosen.finds} Such as <span className="mono">{chosen.examples[0]}</span>
          </p>
          <p className="quiet">
            Precision {formatShare(chosen.precision)}: so much of what it finds is right. Recall{' '}
            {formatShare(chosen.recall)}: so much of what there is it finds. Both on the labelled texts of the project,
            hard ones among them; on your data they may be others.
          </p>
        </div>
      )}
    </>
  )
}

interface CountProps {
  label: string
  description: string
  value: number | undefined
  placeholder: number
  onChange: (n: number | undefined) => void
}

function Count({ label, description, value, placeholder, onChange }: CountProps) {
  return (
    <NumberInput
      label={label}
      description={description}
      value={value ?? ''}
      placeholder={String(placeholder)}
      onChange={(n) => onChange(typeof n === 'number' ? n : undefined)}
      allowDecimal={false}
    />
  )
}
