import { ActionIcon, Autocomplete, Button, NumberInput, Switch, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { catalogOptions } from '../../../api/queries'
import { knownProperties } from '../../../filters/properties'
import { Panel } from '../../../parts/Page'
import { TableScroll } from '../../../parts/TableScroll'
import classes from './Retention.module.css'
import {
  isDays,
  mostDays,
  propertyText,
  withEvent,
  withoutEvent,
  withoutProperty,
  withProperty,
  type Retention,
} from './retention'

interface Props {
  document: Retention
  onChange: (next: Retention) => void
}

/** The lines of the policy: of all events, of those of one name, of single properties. */
export function Rules({ document: d, onChange }: Props) {
  return (
    <>
      <Panel
        title="All events"
        note="Those that have no line of their own below. Days count from when we received an event, by our clock."
      >
        <div className={classes.all}>
          <Switch
            label="Remove them after a while"
            checked={d.keep_days !== null}
            onChange={(e) => onChange({ ...d, keep_days: e.currentTarget.checked ? 400 : null })}
          />
          {d.keep_days !== null && (
            <Days
              label="Days that all events are kept"
              days={d.keep_days}
              onChange={(n) => onChange({ ...d, keep_days: n })}
            />
          )}
        </div>
      </Panel>
      <Events document={d} onChange={onChange} />
      <Properties document={d} onChange={onChange} />
    </>
  )
}

interface DaysProps {
  label: string
  days: number
  onChange: (days: number) => void
}

/** How many days. What is no number of days is not taken over. */
function Days({ label, days, onChange }: DaysProps) {
  const [text, setText] = useState<number | string>(days)
  const [known, setKnown] = useState(days)
  if (known !== days) {
    // It was changed elsewhere: the draft was discarded or a version restored.
    setKnown(days)
    if (text !== days) setText(days)
  }
  return (
    <NumberInput
      size="xs"
      aria-label={label}
      className={classes.days ?? ''}
      value={text}
      onChange={(n) => {
        setText(n)
        if (isDays(n)) {
          setKnown(n)
          onChange(n)
        }
      }}
      min={1}
      max={mostDays}
      allowDecimal={false}
      clampBehavior="none"
      suffix={text === 1 ? ' day' : ' days'}
      error={isDays(text) ? undefined : '1 to 36,500'}
    />
  )
}

function Events({ document: d, onChange }: Props) {
  const { data: catalog } = useQuery(catalogOptions)
  const [event, setEvent] = useState('')
  const names = (catalog?.events ?? []).map((e) => e.event).filter((n) => !d.events.some((r) => r.event === n))
  const add = event.trim()
  const twice = d.events.some((r) => r.event === add)
  return (
    <Panel title="Events with a time of their own" flush>
      {d.events.length > 0 && (
        <TableScroll label="Events with a time of their own">
          <table>
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">For ever</th>
                <th scope="col">Kept</th>
                <th scope="col">
                  <VisuallyHidden>What can be done</VisuallyHidden>
                </th>
              </tr>
            </thead>
            <tbody>
              {d.events.map((r) => (
                <tr key={r.event}>
                  <td className={classes.what}>{r.event}</td>
                  <td>
                    <Switch
                      aria-label={`Keep ${r.event} for ever`}
                      checked={r.keep_days === null}
                      onChange={(e) => onChange(withEvent(d, { ...r, keep_days: e.currentTarget.checked ? null : 90 }))}
                    />
                  </td>
                  <td>
                    {r.keep_days !== null && (
                      <Days
                        label={`Days that ${r.event} is kept`}
                        days={r.keep_days}
                        onChange={(n) => onChange(withEvent(d, { ...r, keep_days: n }))}
                      />
                    )}
                  </td>
                  <td className={classes.acts}>
                    <ActionIcon
                      aria-label={`Remove the line of ${r.event}`}
                      onClick={() => onChange(withoutEvent(d, r.event))}
                    >
                      <X size={16} />
                    </ActionIcon>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      <form
        className={classes.add}
        onSubmit={(e) => {
          e.preventDefault()
          if (add === '' || twice) return
          onChange(withEvent(d, { event: add, keep_days: 90 }))
          setEvent('')
        }}
      >
        <Autocomplete
          label="Event"
          placeholder="page_view"
          data={names}
          limit={20}
          maxLength={200}
          value={event}
          onChange={setEvent}
          error={twice ? 'It has a line already.' : undefined}
        />
        <Button type="submit" variant="default" leftSection={<Plus size={15} />} disabled={add === '' || twice}>
          Add the event
        </Button>
      </form>
    </Panel>
  )
}

function Properties({ document: d, onChange }: Props) {
  const { data: catalog } = useQuery(catalogOptions)
  const [path, setPath] = useState('')
  const [event, setEvent] = useState('')
  const rule = { path: path.trim(), event: event.trim(), keep_days: 30 }
  const twice = d.properties.some((p) => p.path === rule.path && p.event === rule.event)
  const isPath = /^(properties|context|facts)\..+/.test(rule.path)
  return (
    <Panel
      title="Properties that are taken out"
      note="The event stays, and counts as before; only the property goes from it. For what you need for a short while only, such as a phone number."
      flush
    >
      {d.properties.length > 0 && (
        <TableScroll label="Properties that are taken out">
          <table>
            <thead>
              <tr>
                <th scope="col">Property</th>
                <th scope="col">Of</th>
                <th scope="col">Kept</th>
                <th scope="col">
                  <VisuallyHidden>What can be done</VisuallyHidden>
                </th>
              </tr>
            </thead>
            <tbody>
              {d.properties.map((p) => (
                <tr key={`${p.event} ${p.path}`}>
                  <td className={`mono ${classes.what}`}>{p.path}</td>
                  <td className={classes.what}>{p.event === '' ? 'Every event' : p.event}</td>
                  <td>
                    <Days
                      label={`Days that ${propertyText(p)} is kept`}
                      days={p.keep_days}
                      onChange={(n) => onChange(withProperty(d, { ...p, keep_days: n }))}
                    />
                  </td>
                  <td className={classes.acts}>
                    <ActionIcon
                      aria-label={`Remove the line of ${propertyText(p)}`}
                      onClick={() => onChange(withoutProperty(d, p))}
                    >
                      <X size={16} />
                    </ActionIcon>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      <form
        className={classes.add}
        onSubmit={(e) => {
          e.preventDefault()
          if (!isPath || twice) return
          onChange(withProperty(d, rule))
          setPath('')
          setEvent('')
        }}
      >
        <Autocomplete
          label="Property"
          placeholder="properties.phone"
          data={knownProperties(catalog, rule.event === '' ? null : rule.event).map((p) => p.name)}
          limit={20}
          maxLength={300}
          value={path}
          onChange={setPath}
          error={
            rule.path !== '' && !isPath
              ? 'It begins with properties., context. or facts.'
              : twice
                ? 'It has a line already.'
                : undefined
          }
        />
        <Autocomplete
          label="Only of this event (optional)"
          placeholder="Every event"
          data={(catalog?.events ?? []).map((e) => e.event)}
          limit={20}
          maxLength={200}
          value={event}
          onChange={setEvent}
        />
        <Button type="submit" variant="default" leftSection={<Plus size={15} />} disabled={!isPath || twice}>
          Add the property
        </Button>
      </form>
    </Panel>
  )
}
