import { Button } from '@mantine/core'
import { GitCompareArrows } from 'lucide-react'
import { Link, useSearchParams } from 'react-router'
import { Code } from '../../code/Code'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Time } from '../../parts/Time'
import { useTravel, useView } from '../../view/useView'
import { subjectPath } from './paths'
import { typeNames, type Registered } from './registry'
import classes from './Schemas.module.css'
import { languageOf, readable } from './text'

interface Props {
  versions: readonly Registered[]
  newest: Registered
}

/** The versions as a timeline, and the chosen one in full. */
export function VersionsTab({ versions, newest }: Props) {
  const { tz } = useView()
  const travel = useTravel()
  const [params, setParams] = useSearchParams()
  const chosen = versions.find((v) => String(v.version) === params.get('version')) ?? newest
  const before = versions.find((v) => v.version < chosen.version)
  const choose = (v: Registered) =>
    setParams((now) => {
      const next = new URLSearchParams(now)
      if (v === newest) next.delete('version')
      else next.set('version', String(v.version))
      return next
    })
  return (
    <div className={classes.columns}>
      <Panel title="Versions">
        <ol className={classes.versions}>
          {versions.map((v) => (
            <li key={v.version}>
              <button type="button" aria-current={v === chosen} onClick={() => choose(v)}>
                <strong>Version {v.version}</strong>
                {v === newest && <span className={classes.badge}>newest</span>}
                {v.createdAt !== null && (
                  <small className="quiet">
                    <Time at={v.createdAt} zone={tz} />
                    {v.createdBy !== null && <span className={classes.by}>{v.createdBy}</span>}
                  </small>
                )}
              </button>
            </li>
          ))}
        </ol>
      </Panel>
      <Panel
        title={`Version ${chosen.version}`}
        note={typeNames[chosen.type]}
        actions={
          before && (
            <Button
              component={Link}
              to={withParams(travel(subjectPath(chosen.subject, 'compare')), before.version, chosen.version)}
              size="xs"
              variant="default"
              leftSection={<GitCompareArrows size={15} />}
            >
              Compare with version {before.version}
            </Button>
          )
        }
      >
        <div className={classes.stack}>
          <Code
            value={readable(chosen)}
            language={languageOf(chosen.type)}
            label={`version ${chosen.version} of ${chosen.subject}`}
          />
          <Facts
            facts={[
              ['Schema ID', <CopyText key="id" value={String(chosen.id)} what="the schema ID" />],
              ['UUID', <CopyText key="uuid" value={chosen.guid} what="the UUID" />],
              ['Fingerprint, SHA-256', <CopyText key="sha" value={chosen.fingerprint} what="the fingerprint" />],
              ...(chosen.rabin === null
                ? []
                : [
                    [
                      'Fingerprint, CRC-64-AVRO',
                      <CopyText key="crc" value={chosen.rabin} what="the Avro fingerprint" />,
                    ] as const,
                  ]),
              ...(chosen.references.length === 0
                ? []
                : [
                    [
                      'Uses',
                      <span key="refs">
                        {chosen.references.map((r) => (
                          <Link key={r.name} to={`${subjectPath(r.subject)}?version=${r.version}`}>
                            {r.subject}, version {r.version}
                          </Link>
                        ))}
                      </span>,
                    ] as const,
                  ]),
            ]}
          />
        </div>
      </Panel>
    </div>
  )
}

function withParams(path: string, from: number, to: number): string {
  return `${path}${path.includes('?') ? '&' : '?'}a=${from}&b=${to}`
}
