import { Button, Group, Modal, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Archive as ArchiveIcon, Lock, LockOpen } from 'lucide-react'
import { useState } from 'react'
import { archiveOptions, saveArchive, type Archive } from '../../api/lifecycle'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatBytes, formatNumber, plural, unknown } from '../../numbers/format'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { Empty, ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Privacy.module.css'
import { PrivacyPage } from './PrivacyPage'

/** Your events as files for the long run. */
export default function ArchivePage() {
  const me = useMe()
  const { data, error, refetch } = useQuery({ ...archiveOptions, enabled: mayAnswerForPeople(me.role) })
  return (
    <PrivacyPage
      title="Archive"
      lead="Your events as Parquet files in object storage, an hour in each: for the long run, and to build everything anew from."
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Panel label="Archive">
          <SkeletonRows rows={4} />
        </Panel>
      ) : (
        <div className={classes.steps}>
          <State archive={data} />
          <Encryption archive={data} />
        </div>
      )}
    </PrivacyPage>
  )
}

function State({ archive: a }: { archive: Archive }) {
  const { tz } = useView()
  if (a.files === 0) {
    return (
      <Panel label="What there is">
        <Empty title="Nothing is archived yet" icon={<ArchiveIcon size={36} strokeWidth={1.4} />}>
          {a.waiting_hours > 0
            ? `${plural(a.waiting_hours, 'hour')} of events ${a.waiting_hours === 1 ? 'waits' : 'wait'} to be written.`
            : 'An hour of events is written once it is over and nothing of it is on its way any more.'}
        </Empty>
      </Panel>
    )
  }
  return (
    <Panel label="What there is">
      <Sentence>
        <strong>{plural(a.events, 'event')}</strong> of {plural(a.days, 'day')} {a.events === 1 ? 'is' : 'are'} archived
      </Sentence>
      <p className="quiet">
        {a.waiting_hours === 0
          ? 'Nothing waits. '
          : `${plural(a.waiting_hours, 'hour')} ${a.waiting_hours === 1 ? 'waits' : 'wait'} to be written, because something in ${a.waiting_hours === 1 ? 'it' : 'them'} has changed. `}
        Whoever is erased goes from these files too: they are written anew without them.
      </p>
      <Facts
        facts={[
          ['Files', formatNumber(a.files)],
          ['Room', formatBytes(a.bytes)],
          [`Newest hour (${tz})`, a.newest_hour === null ? unknown : <Time key="n" at={a.newest_hour} zone={tz} />],
          ['Written last', a.written_at === null ? unknown : <Time key="w" at={a.written_at} zone={tz} />],
        ]}
      />
    </Panel>
  )
}

function Encryption({ archive: a }: { archive: Archive }) {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const save = useMutation({
    mutationFn: saveArchive,
    onSuccess: (now) => {
      client.setQueryData(archiveOptions.queryKey, now)
      setAsking(false)
      notifications.show({ message: 'Saved. Files that are there already are written anew in the background.' })
    },
  })
  const Icon = a.encrypted ? Lock : LockOpen
  const close = () => {
    setAsking(false)
    save.reset()
  }
  return (
    <Panel
      title="Encryption"
      actions={
        <Button variant="default" onClick={() => setAsking(true)}>
          {a.encrypted ? 'Switch it off' : 'Encrypt the archive'}
        </Button>
      }
    >
      <div className={classes.proof}>
        <Icon size={28} strokeWidth={1.5} aria-hidden="true" />
        <div>
          <p>
            {a.encrypted
              ? 'Each file is encrypted with a key of your own. When you leave, the key is destroyed, and with it whatever a copy of a file might hold.'
              : 'The files can be read by whoever can read the storage. With encryption they take a key of your own, which is destroyed when you leave.'}
          </p>
          {a.recipient !== null && (
            <p className={classes.recipient}>
              <span className="quiet">The public half of the key</span>{' '}
              <CopyText value={a.recipient} what="the public half of the key" />
            </p>
          )}
        </div>
      </div>
      <Modal opened={asking} onClose={close} title={a.encrypted ? 'Switch encryption off' : 'Encrypt the archive'}>
        <Stack>
          <p className={classes.text}>
            {a.encrypted
              ? 'Files are written so that other tools (DuckDB, ClickHouse, Spark) can open them as they are. Those that are there already are written anew, in the background.'
              : 'Other tools (DuckDB, ClickHouse, Spark) can no longer open the files as they are: they have to be decrypted with the key first. Those that are there already are written anew, in the background.'}
          </p>
          <FormError error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button loading={save.isPending} onClick={() => save.mutate(!a.encrypted)} data-autofocus>
              {a.encrypted ? 'Switch it off' : 'Encrypt'}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Panel>
  )
}
