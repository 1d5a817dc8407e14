import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Download, FileArchive, Link2, Printer, ShieldCheck } from 'lucide-react'
import { Link } from 'react-router'
import { certificateOptions, exportOptions, isOver, useExportLink, type PrivacyRequestDetails } from '../../api/privacy'
import { isApiError } from '../../api/errors'
import { formatBytes, formatNumber, plural } from '../../numbers/format'
import { CodeBlock } from '../../parts/Copy'
import { Panel } from '../../parts/Page'
import { ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { Time } from '../../parts/Time'
import { saveText } from '../../charts/download'
import { useTravel, useView } from '../../view/useView'
import { certificateFile } from './certificate'
import classes from './Privacy.module.css'

/** What a request that is over leaves: the certificate, and the file of an export. */
export function Proof({ request: r }: { request: PrivacyRequestDetails }) {
  const over = r.state === 'completed' || r.state === 'completed_with_exceptions'
  if (!isOver(r) || !over) return null
  return (
    <>
      {r.type === 'export' && <ExportFile id={r.id} />}
      <Certificate id={r.id} exceptions={r.state === 'completed_with_exceptions'} />
    </>
  )
}

function Certificate({ id, exceptions }: { id: string; exceptions: boolean }) {
  const { tz } = useView()
  const travel = useTravel()
  const { data, error, refetch } = useQuery(certificateOptions(id))
  if (isApiError(error) && error.status === 404) return null
  return (
    <Panel title="The certificate">
      {error && !data ? (
        <ErrorNote error={error} meaning="The certificate itself is kept." retry={() => void refetch()} />
      ) : data === undefined ? (
        <SkeletonRows rows={2} />
      ) : (
        <div className={classes.proof}>
          <ShieldCheck size={32} strokeWidth={1.5} aria-hidden="true" />
          <div>
            <p>
              Signed on <Time at={data.issued_at} zone={tz} /> {tz}. It names{' '}
              {plural(data.certificate.copies.length, 'place')} with what was counted before and after, and holds no
              personal data. Anybody can check it, without asking us.
              {exceptions && ' It names the exceptions.'}
            </p>
          </div>
          <Group gap="xs">
            <Button
              leftSection={<Download size={16} />}
              onClick={() => saveText(certificateFile(id), data.jws, 'application/jose')}
            >
              Download
            </Button>
            <Button
              component={Link}
              to={travel(`/privacy/requests/${id}/certificate`)}
              variant="default"
              leftSection={<Printer size={16} />}
            >
              Printable page
            </Button>
          </Group>
        </div>
      )}
    </Panel>
  )
}

function ExportFile({ id }: { id: string }) {
  const { tz } = useView()
  const { data, error, refetch } = useQuery(exportOptions(id))
  const link = useExportLink(id)
  const download = () =>
    link.mutate(undefined, {
      // The path alone: this page stays on the address by which it was opened.
      onSuccess: ({ url }) => window.location.assign(new URL(url).pathname),
    })
  const passOn = useExportLink(id)
  const records = data === undefined ? 0 : Object.values(data.records).reduce((n, c) => n + c, 0)
  return (
    <Panel title="The file">
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <SkeletonRows rows={2} />
      ) : data.erased_at !== null ? (
        <p className={classes.text}>
          The file is gone since <Time at={data.erased_at} zone={tz} /> {tz}: its time was over, or somebody in it was
          erased. File another export to get a new one.
        </p>
      ) : (
        <>
          <div className={classes.proof}>
            <FileArchive size={32} strokeWidth={1.5} aria-hidden="true" />
            <div>
              <p>
                {formatBytes(data.bytes)}, {plural(records, 'record')}:{' '}
                {Object.entries(data.records)
                  .map(([file, n]) => `${formatNumber(n)} in ${file}`)
                  .join(', ')}
                .
              </p>
              <p className="quiet">
                It is deleted on <Time at={data.expires_at} zone={tz} /> {tz}.{' '}
                {data.downloaded_at === null ? (
                  'Nobody has downloaded it yet.'
                ) : (
                  <>
                    Downloaded {plural(data.downloads, 'time')}, last on <Time at={data.downloaded_at} zone={tz} />.
                  </>
                )}
              </p>
            </div>
            <Group gap="xs">
              <Button leftSection={<Download size={16} />} loading={link.isPending} onClick={download}>
                Download
              </Button>
              <Button
                variant="default"
                leftSection={<Link2 size={16} />}
                loading={passOn.isPending}
                onClick={() => passOn.mutate()}
              >
                Link to pass on
              </Button>
            </Group>
          </div>
          <FormError error={link.error ?? passOn.error} />
          {passOn.data && (
            <div className={classes.link} role="status">
              <p className={classes.text}>
                Whoever has this link can download the file <strong>once</strong>, until{' '}
                <Time at={passOn.data.expires_at} zone={tz} /> {tz}. It is shown only now, and a new link ends it.
              </p>
              <CodeBlock code={passOn.data.url} what="the link" wrap />
            </div>
          )}
        </>
      )}
    </Panel>
  )
}
