import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowLeft, Download, Printer } from 'lucide-react'
import { Link, useParams } from 'react-router'
import { certificateOptions } from '../../api/privacy'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { saveText } from '../../charts/download'
import { PageTitle } from '../../parts/Page'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { useTravel, useView } from '../../view/useView'
import { CertificateSheet } from './CertificateSheet'
import { certificateFile } from './certificate'
import classes from './Certificate.module.css'

/** A certificate as a sheet of paper. */
export default function CertificatePage() {
  const { request: id = '' } = useParams()
  const me = useMe()
  const { tz } = useView()
  const travel = useTravel()
  const may = mayAnswerForPeople(me.role)
  const { data, error, refetch } = useQuery({ ...certificateOptions(id), enabled: may })
  return (
    <main className={classes.desk}>
      <PageTitle organization={me.tenant.name}>Certificate</PageTitle>
      <nav className={classes.bar} aria-label="Certificate">
        <Link to={travel(`/privacy/requests/${id}`)} className={classes.back}>
          <ArrowLeft size={15} aria-hidden="true" /> The request
        </Link>
        {data && (
          <Group gap="xs">
            <Button
              variant="default"
              leftSection={<Download size={16} />}
              onClick={() => saveText(certificateFile(id), data.jws, 'application/jose')}
            >
              Download the signed file
            </Button>
            <Button leftSection={<Printer size={16} />} onClick={() => window.print()}>
              Print
            </Button>
          </Group>
        )}
      </nav>
      {!may ? (
        <Empty title="For owners and admins">Ask an owner or admin of {me.tenant.name} for this certificate.</Empty>
      ) : error && !data ? (
        <ErrorNote error={error} meaning="The request and its certificate are kept." retry={() => void refetch()} />
      ) : data === undefined ? (
        <div className={classes.sheet}>
          <SkeletonRows rows={14} />
        </div>
      ) : (
        <CertificateSheet signed={data} zone={tz} />
      )}
    </main>
  )
}
