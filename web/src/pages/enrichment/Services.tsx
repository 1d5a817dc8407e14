import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { sourcesOptions } from '../../api/queries'
import { Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { serviceFields, withService, type Enrichment } from './enrichment'
import classes from './Enrichment.module.css'

interface Props {
  policy: Enrichment
  /** Null where one may only look. */
  onChange: ((next: Enrichment) => void) | null
}

const titles = { service: 'Service', stage: 'Stage', version: 'Version', host: 'Host' } as const
const hints = { service: 'shop', stage: 'production', version: '1.4.2', host: 'web-1' } as const

/** What is said about the service behind each source, where its events do not say it themselves. */
export function Services({ policy, onChange }: Props) {
  const { data: sources, error, refetch } = useQuery(sourcesOptions)
  return (
    <Panel
      title="Services by source"
      note="Taken where an event does not say it itself. Leave empty what differs from event to event."
      flush
    >
      {error && !sources ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : sources === undefined ? (
        <SkeletonRows rows={2} />
      ) : (
        <TableScroll label="Services by source">
          <table>
            <thead>
              <tr>
                <th scope="col">Source</th>
                {serviceFields.map((f) => (
                  <th key={f} scope="col">
                    {titles[f]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sources.map((s) => (
                <tr key={s.id}>
                  <td className={classes.source}>
                    <strong>{s.name}</strong>
                  </td>
                  {serviceFields.map((f) => (
                    <td key={f}>
                      {onChange ? (
                        <TextInput
                          size="xs"
                          className={classes.field}
                          aria-label={`${titles[f]} of ${s.name}`}
                          placeholder={hints[f]}
                          value={policy.sources[s.id]?.[f] ?? ''}
                          onChange={(e) => onChange(withService(policy, s.id, f, e.currentTarget.value))}
                          maxLength={200}
                          spellCheck={false}
                          autoComplete="off"
                        />
                      ) : (
                        (policy.sources[s.id]?.[f] ?? '–')
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Panel>
  )
}
