import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  Modal,
  SegmentedControl,
  Select,
  Stack,
  TagsInput,
  Text,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { BotOff, Plus, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { catalogOptions } from '../api/queries'
import {
  fault,
  operatorNames,
  operators,
  takesList,
  takesNoValue,
  toScalar,
  valueText,
  withoutBots,
  type Condition,
  type Filter,
  type Operator,
} from './filter'
import classes from './FilterEditor.module.css'
import { knownProperties, propertyOptions, type KnownProperty } from './properties'
import {
  conditions,
  counter,
  edit,
  matchNames,
  toFilter,
  toTree,
  type ConditionNode,
  type GroupNode,
  type Node,
} from './tree'

interface FilterEditorProps {
  opened: boolean
  filter: Filter | null
  onClose: () => void
  onApply: (filter: Filter | null) => void
}

/** Builds filters: groups of all, any or none of their conditions. */
export function FilterEditor({ opened, filter, onClose, onApply }: FilterEditorProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Filters" size="xl">
      {opened && <Editor filter={filter} onClose={onClose} onApply={onApply} />}
    </Modal>
  )
}

const maxDepth = 3

/** What every row of the editor needs. */
interface Editing {
  properties: readonly KnownProperty[]
  newCondition: () => ConditionNode
  newGroup: () => GroupNode
  change: (id: number, change: (n: Node) => Node | null) => void
  /** Whether to say what is missing: only after it was tried to apply. */
  strict: boolean
}

function Editor({ filter, onClose, onApply }: Omit<FilterEditorProps, 'opened'>) {
  const { data: catalog } = useQuery(catalogOptions)
  const properties = useMemo(() => knownProperties(catalog, null), [catalog])
  const [id] = useState(counter)
  const newCondition = (): ConditionNode => ({
    kind: 'condition',
    id: id(),
    condition: { property: '', operator: 'equals' },
  })
  const [root, setRoot] = useState<GroupNode>(() => {
    const tree = toTree(filter, id)
    return tree.members.length > 0 ? tree : { ...tree, members: [newCondition()] }
  })
  const [strict, setStrict] = useState(false)
  const editing: Editing = {
    properties,
    newCondition,
    newGroup: () => ({ kind: 'group', id: id(), match: 'any', members: [newCondition()] }),
    change: (target, change) =>
      setRoot((r) =>
        r.id === target ? ((change(r) as GroupNode | null) ?? { ...r, members: [] }) : edit(r, target, change),
      ),
    strict,
  }
  const apply = () => {
    if (conditions(root).some((c) => fault(c) !== null)) setStrict(true)
    else onApply(toFilter(root))
  }
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        apply()
      }}
    >
      <Stack>
        <GroupEditor node={root} depth={1} editing={editing} />
        <Group justify="space-between">
          <Button variant="subtle" color="gray" onClick={() => onApply(null)} disabled={filter === null}>
            Clear all
          </Button>
          <Group gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit">Apply</Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}

function GroupEditor({ node, depth, editing }: { node: GroupNode; depth: number; editing: Editing }) {
  const add = (n: Node, members = node.members) =>
    editing.change(node.id, (g) => (g.kind === 'group' ? { ...g, members: [...members, n] } : g))
  const begun = node.members.filter((m) => m.kind === 'group' || m.condition.property !== '')
  return (
    <fieldset className={classes.group} data-nested={depth > 1}>
      <legend className={classes.legend}>{depth === 1 ? 'Events must match' : 'A group that must match'}</legend>
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          value={node.match}
          onChange={(match) => editing.change(node.id, (g) => (g.kind === 'group' ? { ...g, match } : g))}
          data={(['all', 'any', 'none'] as const).map((m) => ({ value: m, label: matchNames[m] }))}
          aria-label="Which of these events must match"
        />
        {depth === 1 && !conditions(node).some((c) => c.property === withoutBots.property) && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<BotOff size={14} />}
            onClick={() => add({ ...editing.newCondition(), condition: withoutBots }, begun)}
          >
            Without bots
          </Button>
        )}
        {depth > 1 && (
          <ActionIcon aria-label="Remove the group" onClick={() => editing.change(node.id, () => null)}>
            <Trash2 size={16} />
          </ActionIcon>
        )}
      </Group>
      {node.members.map((m) =>
        m.kind === 'group' ? (
          <GroupEditor key={m.id} node={m} depth={depth + 1} editing={editing} />
        ) : (
          <ConditionEditor key={m.id} node={m} editing={editing} />
        ),
      )}
      {node.members.length === 0 && (
        <Text c="dimmed" fz="sm">
          No condition: every event matches.
        </Text>
      )}
      <Group gap="xs">
        <Button
          variant="light"
          size="compact-sm"
          leftSection={<Plus size={14} />}
          onClick={() => add(editing.newCondition())}
        >
          Condition
        </Button>
        {depth < maxDepth && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<Plus size={14} />}
            onClick={() => add(editing.newGroup())}
          >
            Group
          </Button>
        )}
      </Group>
    </fieldset>
  )
}

function ConditionEditor({ node, editing }: { node: ConditionNode; editing: Editing }) {
  const { condition } = node
  const known = editing.properties.find((p) => p.name === condition.property)
  const set = (c: Condition) => editing.change(node.id, (n) => (n.kind === 'condition' ? { ...n, condition: c } : n))
  const missing = editing.strict ? fault(condition) : null
  return (
    <div className={classes.condition}>
      <Select
        aria-label="Property"
        placeholder="Property"
        data={propertyOptions(editing.properties, condition.property)}
        value={condition.property === '' ? null : condition.property}
        onChange={(property) => property !== null && set({ ...condition, property })}
        searchable
        allowDeselect={false}
        nothingFoundMessage="No such property"
        error={missing !== null && condition.property === '' ? missing : null}
        data-autofocus
      />
      <Select
        aria-label="Comparison"
        data={operators.map((o) => ({ value: o, label: operatorNames[o] }))}
        value={condition.operator}
        onChange={(o) => o !== null && set(withOperator(condition, o, known?.types ?? []))}
        allowDeselect={false}
      />
      <ValueEditor condition={condition} known={known} set={set} error={condition.property !== '' ? missing : null} />
      <ActionIcon aria-label="Remove the condition" onClick={() => editing.change(node.id, () => null)}>
        <Trash2 size={16} />
      </ActionIcon>
    </div>
  )
}

interface ValueEditorProps {
  condition: Condition
  known: KnownProperty | undefined
  set: (c: Condition) => void
  error: string | null
}

function ValueEditor({ condition, known, set, error }: ValueEditorProps) {
  const { operator, value } = condition
  const types = known?.types ?? []
  // As it is typed: "5." is on its way to 5.5, but as a value it is already 5.
  const [text, setText] = useState(value === undefined || Array.isArray(value) ? '' : valueText(value))
  if (takesNoValue(operator)) return <span className={classes.noValue} />
  if (takesList(operator)) {
    return (
      <TagsInput
        aria-label="Values"
        placeholder="Type and press Enter"
        data={known?.examples ?? []}
        value={Array.isArray(value) ? value.map(String) : []}
        onChange={(texts) => set({ ...condition, value: texts.map((t) => toScalar(t, operator, types)) })}
        error={error}
      />
    )
  }
  return (
    <Autocomplete
      aria-label="Value"
      placeholder="Value"
      data={known?.examples ?? []}
      value={text}
      onChange={(typed) => {
        setText(typed)
        set({ ...condition, value: toScalar(typed, operator, types) })
      }}
      error={error}
    />
  )
}

/** Another comparison, with the value in the form that it takes. */
function withOperator(c: Condition, operator: Operator, types: readonly string[]): Condition {
  const texts =
    c.value === undefined || c.value === '' ? [] : Array.isArray(c.value) ? c.value.map(String) : [String(c.value)]
  if (takesNoValue(operator)) return { property: c.property, operator }
  if (takesList(operator))
    return { property: c.property, operator, value: texts.map((t) => toScalar(t, operator, types)) }
  return { property: c.property, operator, value: toScalar(texts[0] ?? '', operator, types) }
}
