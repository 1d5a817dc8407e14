import { ActionIcon, Button, Select, Tooltip, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { FileJson2, Plus, Trash2 } from 'lucide-react'
import { Link } from 'react-router'
import { catalogOptions } from '../../api/queries'
import type { Policy } from '../../api/types'
import { formatNumber, plural } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Empty } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { useTravel } from '../../view/useView'
import { subjectsOptions } from '../schemas/registry'
import { subjectPath } from '../schemas/paths'
import { AddEvent } from './AddEvent'
import { ConformityCell } from './Conformity'
import { useConformity } from './useConformity'
import classes from './Contract.module.css'
import {
  modeMeanings,
  modeNames,
  modes,
  newBinding,
  unknownPropertyNames,
  withBinding,
  withoutEvent,
  type Binding,
  type Contract,
  type UnknownProperties,
} from './contract'

interface Props {
  contract: Contract
  inForce: Policy
  /** Null where one may only look. */
  onChange: ((next: Contract) => void) | null
}

/** The events of the contract, and those that were seen and are not in it. */
export function Bindings({ contract, inForce, onChange }: Props) {
  const conformity = useConformity(inForce)
  const bound = [...contract.events].sort((a, b) => a.event.localeCompare(b.event))
  return (
    <>
      <Panel
        title="Events"
        actions={onChange && <AddEvent contract={contract} onAdd={(b) => onChange(withBinding(contract, b))} />}
        flush
      >
        {bound.length === 0 ? (
          <Empty title="No event is bound to a schema" icon={<FileJson2 size={36} strokeWidth={1.4} />}>
            Every event is stored as it comes. Bind one to a schema, and what does not fit is marked or set aside, with
            the reason, before it reaches a chart.
          </Empty>
        ) : (
          <TableScroll label="Events of the contract" className={classes.table}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Event</th>
                  <th scope="col">Schema</th>
                  <th scope="col">What does not fit</th>
                  <th scope="col">Unknown properties</th>
                  <th scope="col" title="Of the events received in the last 7 days, those in quarantine">
                    Set aside, 7 days
                  </th>
                  <th scope="col" title="Of the newest 1,000 stored events, those that break the contract in force">
                    Do not fit, newest 1,000
                  </th>
                  <th scope="col">
                    <VisuallyHidden>Actions</VisuallyHidden>
                  </th>
                </tr>
              </thead>
              <tbody>
                {bound.map((b) => (
                  <Row
                    key={b.event}
                    binding={b}
                    onChange={onChange && ((next) => onChange(withBinding(contract, next)))}
                    onRemove={onChange && (() => onChange(withoutEvent(contract, b.event)))}
                    conformity={conformity}
                  />
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      </Panel>
      <Unbound contract={contract} onChange={onChange} />
    </>
  )
}

interface RowProps {
  binding: Binding
  onChange: ((next: Binding) => void) | null
  onRemove: (() => void) | null
  conformity: ReturnType<typeof useConformity>
}

function Row({ binding: b, onChange, onRemove, conformity }: RowProps) {
  const travel = useTravel()
  const { data: subjects = [] } = useQuery(subjectsOptions)
  const names = subjects.map((s) => s.subject)
  const missing = b.subject !== '' && subjects.length > 0 && !names.includes(b.subject)
  return (
    <tr>
      <td>
        <strong className={classes.event}>{b.event}</strong>
      </td>
      <td>
        {onChange ? (
          <Select
            size="xs"
            w={170}
            aria-label={`Subject of ${b.event}`}
            placeholder="No schema"
            data={missing ? [b.subject, ...names] : names}
            value={b.subject === '' ? null : b.subject}
            onChange={(subject) =>
              onChange(newBinding({ ...b, subject: subject ?? '', mode: subject ? b.mode : 'off' }))
            }
            error={missing ? 'There is no such subject.' : undefined}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'No schema' }}
            nothingFoundMessage="No such subject"
          />
        ) : (
          b.subject || '–'
        )}
        {b.subject !== '' && !missing && (
          <Link className={classes.small} to={travel(subjectPath(b.subject))}>
            Open the schema
          </Link>
        )}
      </td>
      <td>
        {onChange ? (
          <Select
            size="xs"
            w={120}
            aria-label={`Mode of ${b.event}`}
            data={modes.map((m) => ({ value: m, label: modeNames[m], disabled: m !== 'off' && b.subject === '' }))}
            value={b.mode}
            onChange={(m) => m !== null && onChange({ ...b, mode: m })}
            renderOption={({ option }) => (
              <span>
                {option.label}
                <span className={classes.meaning}>{modeMeanings[option.value]}</span>
              </span>
            )}
            comboboxProps={{ width: 260, position: 'bottom-start' }}
            allowDeselect={false}
          />
        ) : (
          modeNames[b.mode]
        )}
      </td>
      <td>
        {onChange ? (
          <Select
            size="xs"
            w={125}
            aria-label={`Unknown properties of ${b.event}`}
            data={Object.entries(unknownPropertyNames).map(([value, label]) => ({ value, label }))}
            value={b.unknown_properties}
            onChange={(u) => u !== null && onChange({ ...b, unknown_properties: u as UnknownProperties })}
            disabled={b.mode === 'off'}
            allowDeselect={false}
          />
        ) : (
          unknownPropertyNames[b.unknown_properties]
        )}
      </td>
      <ConformityCell event={b.event} conformity={conformity} />
      <td className="number">
        {onRemove && (
          <Tooltip label="Take out of the contract">
            <ActionIcon aria-label={`Take ${b.event} out of the contract`} onClick={onRemove}>
              <Trash2 size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </td>
    </tr>
  )
}

/** Events that were stored and that the contract does not name. */
function Unbound({ contract, onChange }: Omit<Props, 'inForce'>) {
  const travel = useTravel()
  const { data: catalog } = useQuery(catalogOptions)
  const unbound = (catalog?.events ?? []).filter((e) => !contract.events.some((b) => b.event === e.event))
  if (unbound.length === 0) return null
  return (
    <Panel
      title="Not in the contract"
      note={`${plural(unbound.length, 'event name')} that ${unbound.length === 1 ? 'was' : 'were'} stored. Infer a schema from what was seen, or add the event as it is.`}
    >
      <ul className={classes.unbound}>
        {unbound.slice(0, 50).map((e) => (
          <li key={e.event}>
            <span className={classes.event}>{e.event}</span>
            <span className="quiet">{formatNumber(e.count)}</span>
            {onChange && (
              <>
                <Button
                  component={Link}
                  to={travelWith(travel('/data/schemas/new'), e.event)}
                  size="compact-xs"
                  variant="light"
                  aria-label={`Infer a schema of ${e.event}`}
                >
                  Infer a schema
                </Button>
                <ActionIcon
                  size="sm"
                  aria-label={`Add ${e.event} to the contract`}
                  onClick={() => onChange(withBinding(contract, newBinding({ event: e.event })))}
                >
                  <Plus size={15} />
                </ActionIcon>
              </>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function travelWith(path: string, event: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}event=${encodeURIComponent(event)}`
}
