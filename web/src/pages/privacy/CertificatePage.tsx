import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Download, Printer } from 'lucide-react'
import { useParams } from 'react-router'
import { certificateOptions } from '../../api/privacy'
import { mayAnswerForPeople } from '../../app/roles'
import { useMe } from '../../app/session'
import { saveText } from '../../charts/download'
import { Desk, Sheet } from '../../parts/Sheet'
import { Empty, ErrorNote, SkeletonRows } from '../../parts/States'
import { useTravel, useView } from '../../view/useView'
import { CertificateSheet } from './CertificateSheet'
import { certificateFile } from './certificate'

/** A certificate as a sheet of paper. */
export default function CertificatePage() {
  const { request: id = '' } = useParams()
  const me = useMe()
  const { tz } = useView()
  const travel = useTravel()
  const may = mayAnswerForPeople(me.role)
  const { data, error, refetch } = useQuery({ ...certificateOptions(id), enabled: may })
  return (
    <Desk
      title="Certificate"
      organization={me.tenant.name}
      back={[travel(`/privacy/requests/${id}`), 'The request']}
      actions={
        data && (
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
        )
      }
    >
      {!may ? (
        <Empty title="For owners and admins">Ask an owner or admin of {me.tenant.name} for this certificate.</Empty>
      ) : error && !data ? (
        <ErrorNote error={error} meaning="The request and its certificate are kept." retry={() => void refetch()} />
      ) : data === undefined ? (
        <Sheet>
          <SkeletonRows rows={14} />
        </Sheet>
      ) : (
        <CertificateSheet signed={data} zone={tz} />
      )}
    </Desk>
  )
}
