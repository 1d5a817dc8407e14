import { Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { policyOptions, rehearsePolicy } from '../../api/policies'
import type { Policy } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { plural } from '../../numbers/format'
import { ErrorNote } from '../../parts/States'
import { History } from '../../policy/History'
import { InForce } from '../../policy/InForce'
import { Publishing } from '../../policy/Publishing'
import { Unpublished } from '../../policy/Unpublished'
import { useDraft } from '../../policy/useDraft'
import { Rehearsal } from '../../rehearsal/Rehearsal'
import { DataPage } from '../data/DataPage'
import { enrichment, type Enrichment } from './enrichment'
import { FoundOut } from './FoundOut'
import { Services } from './Services'
import { Steps } from './Steps'
import { steps } from './steps'

/** What is found out about events when they arrive. */
export default function EnrichmentPage() {
  const { data: policy, error, refetch } = useQuery(policyOptions('enrichment'))
  return (
    <DataPage
      title="Enrichment"
      lead="What is found out about an event when it arrives. It is kept beside what was sent, which stays as it is."
    >
      {error && !policy ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : policy ? (
        <Shown policy={policy} />
      ) : (
        <>
          <Skeleton height={96} radius="lg" />
          <Skeleton height={420} radius="lg" />
        </>
      )}
    </DataPage>
  )
}

function Shown({ policy }: { policy: Policy }) {
  const me = useMe()
  const may = mayManage(me.role)
  const draft = useDraft(enrichment, me.tenant.id, policy)
  const rehearse = useMutation({
    mutationFn: ({ document, last }: { document: Enrichment; last: number }) =>
      rehearsePolicy('enrichment', document, last),
  })
  const changed = draft.changes.length > 0
  const tried = rehearse.variables?.document
  const change = may ? draft.change : null
  return (
    <>
      <Answer policy={policy} />
      {!may && <p className="quiet">Only owners and admins can change what is found out.</p>}
      <Steps policy={draft.document} onChange={change} />
      {draft.document.steps.includes('service') && <Services policy={draft.document} onChange={change} />}
      {changed && (
        <Publishing form={enrichment} policy={policy} draft={draft}>
          <Rehearsal
            what="these steps"
            run={(last) => rehearse.mutate({ document: draft.document, last })}
            pending={rehearse.isPending}
            error={rehearse.error}
            report={rehearse.data}
            current={tried !== undefined && enrichment.changes(tried, draft.document).length === 0}
            show={(report) => <FoundOut report={report} />}
          />
        </Publishing>
      )}
      <History form={enrichment} policy={policy} onRestore={change} />
      {changed && <Unpublished count={draft.changes.length} />}
    </>
  )
}

/** How many steps are on, since when, and by whom that was decided. */
function Answer({ policy }: { policy: Policy }) {
  const on = enrichment.read(policy).steps.length
  return (
    <InForce policy={policy}>
      {on === 0 ? (
        'Nothing is found out: events say what was sent and no more.'
      ) : (
        <>
          <strong>{on === steps.length ? `All ${on} steps` : `${on} of ${plural(steps.length, 'step')}`}</strong>{' '}
          {on === 1 ? 'finds' : 'find'} out more about each event that arrives.
        </>
      )}
    </InForce>
  )
}
