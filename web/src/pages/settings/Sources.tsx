import { ActionIcon, Button, Menu, VisuallyHidden } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Ellipsis, KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, ask } from '../../api/client'
import { keysOptions, sourcesOptions } from '../../api/queries'
import type { APIKey, CreatedAPIKey, Source } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatDay } from '../../time/format'
import { useView } from '../../view/useView'
import { KeyRow } from './KeyRow'
import { NewKey } from './NewKey'
import { SourceForm } from './SourceForm'
import { ReadOnlyNote, SettingsPage } from './SettingsPage'
import classes from './Settings.module.css'
import { isGone, sourceKindNames } from './keyNames'
import { TokenOnce } from './TokenOnce'

/** What sends events, and with which keys. */
export default function Sources() {
  const { role } = useMe()
  const manage = mayManage(role)
  const sources = useQuery(sourcesOptions)
  const keys = useQuery(keysOptions)
  const [adding, setAdding] = useState(false)
  const [created, setCreated] = useState<CreatedAPIKey | null>(null)
  const error = sources.error ?? keys.error
  return (
    <SettingsPage
      title="Sources and keys"
      lead="A source is a site, an app or a sensor that sends events. It does so with a key."
      actions={
        manage && (
          <Button leftSection={<Plus size={16} />} onClick={() => setAdding(true)}>
            Add a source
          </Button>
        )
      }
    >
      {!manage && <ReadOnlyNote who="owners and admins" />}
      {error ? (
        <ErrorNote
          error={error}
          retry={() => {
            void sources.refetch()
            void keys.refetch()
          }}
        />
      ) : sources.data === undefined || keys.data === undefined ? (
        <Panel label="Sources">
          <SkeletonRows />
        </Panel>
      ) : (
        <div className={classes.list}>
          {sources.data.map((s) => (
            <SourcePanel
              key={s.id}
              source={s}
              keys={keys.data.filter((k) => k.source_id === s.id)}
              onCreated={setCreated}
            />
          ))}
          <p className="quiet">
            How to send events with a key: <Link to="/welcome">examples</Link>.
          </p>
        </div>
      )}
      <SourceForm opened={adding} onClose={() => setAdding(false)} source={null} />
      <TokenOnce created={created} onClose={() => setCreated(null)} />
    </SettingsPage>
  )
}

function SourcePanel({
  source,
  keys,
  onCreated,
}: {
  source: Source
  keys: readonly APIKey[]
  onCreated: (c: CreatedAPIKey) => void
}) {
  const { tz } = useView()
  const { role } = useMe()
  const manage = mayManage(role) && source.archived_at === null
  const [dialog, setDialog] = useState<'key' | 'rename' | 'archive' | null>(null)
  const [showGone, setShowGone] = useState(false)
  const gone = keys.filter(isGone)
  const shown = showGone ? keys : keys.filter((k) => !isGone(k))
  const close = () => setDialog(null)
  return (
    <Panel
      title={source.name}
      note={`${sourceKindNames[source.kind]}, since ${formatDay(source.created_at, tz)}${source.archived_at === null ? '' : `, archived ${formatDay(source.archived_at, tz)}`}`}
      flush
      actions={
        manage && (
          <>
            <Button variant="default" size="xs" leftSection={<KeyRound size={14} />} onClick={() => setDialog('key')}>
              New key
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`More for the source ${source.name}`}>
                  <Ellipsis size={17} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => setDialog('rename')}>Rename</Menu.Item>
                <Menu.Item color="loss" onClick={() => setDialog('archive')}>
                  Archive
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )
      }
    >
      {shown.length === 0 ? (
        <Empty title="No key in use">
          {manage
            ? 'Without a key nothing can be sent from this source. Make one with “New key”.'
            : 'Nothing can be sent from this source.'}
        </Empty>
      ) : (
        <TableScroll label={`Keys of ${source.name}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">Ends in</th>
                <th scope="col">May</th>
                <th scope="col">From</th>
                <th scope="col">Environment</th>
                <th scope="col">State</th>
                <th scope="col">
                  <VisuallyHidden>Actions</VisuallyHidden>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((k) => (
                <KeyRow key={k.id} apiKey={k} manage={manage} zone={tz} onCreated={onCreated} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {gone.length > 0 && (
        <p className={classes.pad}>
          <Button variant="subtle" color="gray" size="compact-sm" onClick={() => setShowGone((s) => !s)}>
            {showGone ? 'Hide' : 'Show'} {gone.length} that {gone.length === 1 ? 'was' : 'were'} revoked or expired
          </Button>
        </p>
      )}
      <NewKey opened={dialog === 'key'} onClose={close} source={source} onCreated={onCreated} />
      <SourceForm opened={dialog === 'rename'} onClose={close} source={source} />
      <ArchiveSource opened={dialog === 'archive'} onClose={close} source={source} keys={keys.length - gone.length} />
    </Panel>
  )
}

function ArchiveSource({
  opened,
  onClose,
  source,
  keys,
}: {
  opened: boolean
  onClose: () => void
  source: Source
  keys: number
}) {
  const client = useQueryClient()
  const archive = useMutation({
    mutationFn: () => ask(api.DELETE('/v1/sources/{source_id}', { params: { path: { source_id: source.id } } })),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: sourcesOptions.queryKey }),
        client.invalidateQueries({ queryKey: keysOptions.queryKey }),
      ])
      onClose()
    },
  })
  return (
    <ConfirmDelete
      opened={opened}
      onClose={onClose}
      title="Archive the source"
      name={source.name}
      verb="Archive"
      onConfirm={() => archive.mutate()}
      pending={archive.isPending}
      error={archive.error}
    >
      Its {keys === 1 ? 'key stops' : `${keys} keys stop`} working within 5 seconds, and events sent with{' '}
      {keys === 1 ? 'it' : 'them'} are refused. The events that are stored stay. This cannot be undone.
    </ConfirmDelete>
  )
}
