import type { SignedCertificate } from '../../api/privacy'
import { formatNumber, plural } from '../../numbers/format'
import { CodeBlock } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Sheet, SheetLead } from '../../parts/Sheet'
import { Time } from '../../parts/Time'
import { certificateFile } from './certificate'
import classes from './Certificate.module.css'
import { copyName, requestTitle, stateNames } from './words'

/** What a certificate says, in the words of people. The signed file is what counts. */
export function CertificateSheet({ signed, zone }: { signed: SignedCertificate; zone: string }) {
  const c = signed.certificate
  const r = c.request
  const erased = r.type === 'erase' || r.type === 'offboard'
  return (
    <Sheet number={`Certificate ${r.id}`}>
      <h1>{requestTitle(r)}</h1>
      <SheetLead>
        {c.tenant.name} asked for this on <Time at={r.filed_at} zone={zone} />. It was{' '}
        {r.state === 'completed' ? 'completed' : stateNames[r.state].toLowerCase()} on{' '}
        <Time at={r.completed_at} zone={zone} />.{' '}
        {erased && 'Each place in which their data was kept was counted before, emptied, and looked through again.'}
      </SheetLead>
      <Facts
        facts={[
          ['Organization', `${c.tenant.name} (${c.tenant.id})`],
          ['About', plural(r.subjects, 'person', 'people')],
          ['Result', stateNames[r.state]],
          ['To be answered by', <Time key="d" at={r.due_at} zone={zone} />],
          ...(r.type === 'offboard'
            ? []
            : [
                [
                  'Afterwards',
                  r.suppressed ? 'Nothing new of them is stored' : 'Nothing of them is turned away',
                ] as const,
              ]),
          ['Issued by', `${c.issuer.name}, version ${c.issuer.version}`],
          ['Issued', <Time key="i" at={signed.issued_at} zone={zone} exact />],
          [
            'Key',
            <span key="k" className="mono">
              {signed.kid}
            </span>,
          ],
          ['Times in', zone],
        ]}
      />

      {c.exceptions.length > 0 && (
        <section className={classes.exceptions}>
          <h2>Exceptions</h2>
          <ul>
            {c.exceptions.map((e) => (
              <li key={`${e.copy} ${e.text}`}>
                <strong>{copyName(e.copy)}:</strong> {e.text}
              </li>
            ))}
          </ul>
        </section>
      )}

      {c.copies.length > 0 && (
        <section>
          <h2>Place by place</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Place</th>
                <th scope="col" className="number">
                  Before
                </th>
                <th scope="col" className="number">
                  Left
                </th>
                <th scope="col">Looked through</th>
              </tr>
            </thead>
            <tbody>
              {c.copies.map((p) => (
                <tr key={p.name}>
                  <td>{copyName(p.name)}</td>
                  <td className="number">
                    {formatNumber(p.before)} {p.unit}
                  </td>
                  <td className="number">{formatNumber(p.after)}</td>
                  <td>
                    {p.state !== 'clear' || p.ended_at === null ? 'Not done' : <Time at={p.ended_at} zone={zone} />}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}

      {c.barrier && (
        <section>
          <h2>The barrier</h2>
          <p>
            How far the log of each server had come when it began to turn these people away. Everything before was
            stored first, and then looked through: all that was received until{' '}
            <Time at={c.barrier.received_before} zone={zone} exact />, whatever date an event claims.
          </p>
          <table>
            <thead>
              <tr>
                <th scope="col">Log</th>
                <th scope="col" className="number">
                  Position
                </th>
                <th scope="col">At</th>
                <th scope="col">Before it</th>
              </tr>
            </thead>
            <tbody>
              {c.barrier.logs.map((l) => (
                <tr key={l.id}>
                  <td className="mono">{l.id}</td>
                  <td className="number">{formatNumber(l.end)}</td>
                  <td>
                    <Time at={l.at} zone={zone} exact />
                  </td>
                  <td>{l.forgotten ? 'Nothing is left' : 'Not confirmed'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}

      {c.statements.length > 0 && (
        <section>
          <h2>What holds for every request</h2>
          <dl className={classes.statements}>
            {c.statements.map((s) => (
              <div key={s.about}>
                <dt>{copyName(s.about)}</dt>
                <dd>{s.text}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}

      <section className={classes.check}>
        <h2>How to check it</h2>
        <p>
          This page shows what the signed file says; the file is what counts. Its signature (Ed25519) is checked with
          the published key, and no account is needed:
        </p>
        <CodeBlock
          code={`observatory verify-certificate ${certificateFile(r.id)} --keys ${c.issuer.name}/.well-known/observatory-certificates.json`}
          what="the command"
          wrap
        />
      </section>
    </Sheet>
  )
}
