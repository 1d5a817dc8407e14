import { useState } from 'react'
import { UserRoundCheck, UserRoundX } from 'lucide-react'
import { Button, Switch } from '@mantine/core'
import type { PrivacyPerson } from '../../api/privacy'
import { formatNumber, plural, unknown } from '../../numbers/format'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Privacy.module.css'
import { namesOf } from './names'
import { copyName, copyWhat, givenWords } from './words'

interface Props {
  people: readonly PrivacyPerson[]
  copies: readonly { copy: string; items: number; unit: string }[]
}

const firstShown = 50

/** Who was found, by which IDs, and what there is of them in each place. */
export function Found({ people, copies }: Props) {
  const known = people.filter((p) => p.events > 0)
  const strangers = people.length - known.length
  const [onlyStrangers, setOnlyStrangers] = useState(false)
  const [all, setAll] = useState(false)
  const listed = onlyStrangers ? people.filter((p) => p.events === 0) : people
  const shown = all ? listed : listed.slice(0, firstShown)
  return (
    <Panel
      title="3. Is that who you mean?"
      actions={
        strangers > 0 &&
        known.length > 0 && (
          <Switch
            label="Only who is not known"
            checked={onlyStrangers}
            onChange={(e) => setOnlyStrangers(e.currentTarget.checked)}
          />
        )
      }
      flush
    >
      <div className={classes.pad} role="status">
        <Sentence attention={known.length === 0}>
          {known.length === 0
            ? 'None of them is known here'
            : known.length === people.length
              ? `${people.length === 1 ? 'This person is' : `All ${formatNumber(people.length)} are`} known here, with ${plural(sum(people), 'event')}`
              : `${formatNumber(known.length)} of ${formatNumber(people.length)} are known here, with ${plural(sum(people), 'event')}`}
        </Sentence>
        <p className="quiet">
          Look the IDs over: an ID that does not belong to the person would be treated as theirs. IDs are joined by what
          your events say (a login on a device, an alias).
        </p>
      </div>
      <PeopleTable people={shown} label="Who was found" />
      {shown.length < listed.length && (
        <p className={classes.pad}>
          <Button variant="default" size="xs" onClick={() => setAll(true)}>
            Show all {formatNumber(listed.length)}
          </Button>
        </p>
      )}
      <h3 className={classes.subhead}>What there is of them, place by place</h3>
      <dl className={classes.holdings}>
        {copies.map((c) => (
          <div key={c.copy} data-empty={c.items === 0}>
            <dt>{copyName(c.copy)}</dt>
            <dd>
              <strong>{formatNumber(c.items)}</strong> {c.unit}
              <small>{copyWhat(c.copy)}</small>
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

const sum = (people: readonly PrivacyPerson[]) => people.reduce((n, p) => n + p.events, 0)

/** People by what they were named, with every ID they go by. */
export function PeopleTable({
  people,
  label,
  resolved = true,
}: {
  people: readonly PrivacyPerson[]
  label: string
  /** Whether it has been found out who they are. */
  resolved?: boolean
}) {
  const { tz } = useView()
  const strangers = resolved && people.some((p) => p.given.email !== undefined && p.events === 0)
  return (
    <>
      <TableScroll label={label} className={classes.peopleTable}>
        <table>
          <thead>
            <tr>
              <th scope="col">Named</th>
              <th scope="col">Goes by</th>
              <th scope="col">First seen ({tz})</th>
              <th scope="col">Last seen</th>
              <th scope="col" className="number">
                Events
              </th>
            </tr>
          </thead>
          <tbody>
            {people.map((p) => (
              <PersonRow key={JSON.stringify(p.given)} person={p} resolved={resolved} zone={tz} />
            ))}
          </tbody>
        </table>
      </TableScroll>
      {strangers && (
        <p className={`quiet ${classes.hint}`}>
          An address is found where events carry it, or what redaction can tell of it. A rule that masks or drops
          addresses, as the built-in ones do, leaves nothing to find: name such a person by their user ID as well.
        </p>
      )}
    </>
  )
}

function PersonRow({ person: p, resolved, zone }: { person: PrivacyPerson; resolved: boolean; zone: string }) {
  const [by, value] = givenWords(p.given)
  const Icon = p.events > 0 ? UserRoundCheck : UserRoundX
  return (
    <tr>
      <td>
        <span className={classes.person} data-known={p.events > 0}>
          <Icon size={16} aria-hidden="true" />
          <span>
            <span className="mono">{value}</span>
            <span className="quiet">{resolved && p.events === 0 ? `${by}, not known` : by}</span>
          </span>
        </span>
      </td>
      <td>{resolved ? <IDs person={p} /> : <span className="quiet">Being looked up</span>}</td>
      <td className={classes.nowrap}>{p.first_seen === null ? unknown : <Time at={p.first_seen} zone={zone} />}</td>
      <td className={classes.nowrap}>{p.last_seen === null ? unknown : <Time at={p.last_seen} zone={zone} />}</td>
      <td className="number">{resolved ? formatNumber(p.events) : unknown}</td>
    </tr>
  )
}

/** Every ID of the person but the one they were named by. */
function IDs({ person }: { person: PrivacyPerson }) {
  const { others, redacted } = namesOf(person)
  const forms = redacted > 0 && (
    <span className="quiet">{plural(redacted, 'form')} in which redaction may have stored them</span>
  )
  if (others.length === 0) return forms || <span className="quiet">Nothing else</span>
  return (
    <ul className={classes.ids}>
      {others.map((n) => (
        <li key={`${n.by} ${n.value}`}>
          <span className="quiet">{n.by}</span> <span className="mono">{n.value}</span>
        </li>
      ))}
      {forms && <li>{forms}</li>}
    </ul>
  )
}
