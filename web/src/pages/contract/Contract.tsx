import { Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { policyOptions, rehearsePolicy } from '../../api/policies'
import type { Policy } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { ErrorNote } from '../../parts/States'
import { History } from '../../policy/History'
import { Publishing } from '../../policy/Publishing'
import { Unpublished } from '../../policy/Unpublished'
import { useDraft } from '../../policy/useDraft'
import { Rehearsal } from '../../rehearsal/Rehearsal'
import { DataPage } from '../data/DataPage'
import { Bindings } from './Bindings'
import { contractForm, flawsOf, type Contract } from './contract'
import { UnknownEvents } from './UnknownEvents'

/** What was agreed with the senders: which events there are, which schema each keeps to, and what becomes of those that do not. */
export default function ContractPage() {
  const { data: policy, error, refetch } = useQuery(policyOptions('contract'))
  return (
    <DataPage
      title="Contract"
      lead="Which events you expect, which schema each keeps to, and what becomes of one that does not."
    >
      {error && !policy ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : policy ? (
        <Shown policy={policy} />
      ) : (
        <>
          <Skeleton height={96} radius="lg" />
          <Skeleton height={320} radius="lg" />
        </>
      )}
    </DataPage>
  )
}

function Shown({ policy }: { policy: Policy }) {
  const me = useMe()
  const may = mayManage(me.role)
  const draft = useDraft(contractForm, me.tenant.id, policy)
  const rehearse = useMutation({
    mutationFn: ({ contract, last }: { contract: Contract; last: number }) =>
      rehearsePolicy('contract', contract, last),
  })
  const changed = draft.changes.length > 0
  const tried = rehearse.variables?.contract
  const flaws = flawsOf(draft.document)
  const change = may ? draft.change : null
  return (
    <>
      {!may && <p className="quiet">Only owners and admins can change the contract.</p>}
      <Bindings contract={draft.document} inForce={policy} onChange={change} />
      <UnknownEvents contract={draft.document} onChange={change} />
      {changed && (
        <Publishing form={contractForm} policy={policy} draft={draft} flaws={flaws}>
          <Rehearsal
            what="this contract"
            run={(last) => rehearse.mutate({ contract: draft.document, last })}
            pending={rehearse.isPending}
            error={rehearse.error}
            report={rehearse.data}
            current={tried !== undefined && contractForm.changes(tried, draft.document).length === 0}
            disabled={flaws.length > 0}
          />
        </Publishing>
      )}
      <History form={contractForm} policy={policy} onRestore={change} />
      {changed && <Unpublished count={draft.changes.length} />}
    </>
  )
}
