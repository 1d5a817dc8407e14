import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { policyOptions } from '../../api/policies'
import type { Policy } from '../../api/types'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { ErrorNote } from '../../parts/States'
import { DataPage } from '../data/DataPage'
import { Bindings } from './Bindings'
import type { Contract } from './contract'
import { History } from './History'
import { Publishing } from './Publishing'
import { UnknownEvents } from './UnknownEvents'
import { Unpublished } from '../../policy/Unpublished'
import { review } from '../../policy/review'
import { useDraft } from './useDraft'

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
  const draft = useDraft(me.tenant.id, policy)
  const may = mayManage(me.role)
  const restore = (contract: Contract) => {
    draft.change(contract)
    // Once it is drawn.
    requestAnimationFrame(review)
  }
  return (
    <>
      {!may && <p className="quiet">Only owners and admins can change the contract.</p>}
      <Bindings contract={draft.contract} inForce={policy} onChange={may ? draft.change : null} />
      <UnknownEvents contract={draft.contract} onChange={may ? draft.change : null} />
      {draft.changes.length > 0 && <Publishing policy={policy} draft={draft} />}
      <History policy={policy} onRestore={may ? restore : null} />
      {draft.changes.length > 0 && <Unpublished count={draft.changes.length} />}
    </>
  )
}
