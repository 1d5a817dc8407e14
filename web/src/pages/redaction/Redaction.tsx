import { Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { policyHistoryOptions, policyOptions, rehearsePolicy } from '../../api/policies'
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
import { Changed } from './Changed'
import classes from './Redaction.module.css'
import { RedactionPage } from './RedactionPage'
import { RuleList } from './RuleList'
import { redaction, type Rules } from './rules'

/** What is kept out of events before anything is written: the rules, what they do, and trying others before they are in force. */
export default function Redaction() {
  const { data: policy, error, refetch } = useQuery(policyOptions('redaction'))
  return (
    <RedactionPage
      title="Redaction"
      lead="What is taken out of events before anything is written: of properties, context, URLs, names, and of rejected events too."
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
    </RedactionPage>
  )
}

function Shown({ policy }: { policy: Policy }) {
  const me = useMe()
  const may = mayManage(me.role)
  const draft = useDraft(redaction, me.tenant.id, policy)
  const { data: history } = useQuery(policyHistoryOptions('redaction'))
  const rehearse = useMutation({
    mutationFn: ({ rules, last }: { rules: Rules; last: number }) => rehearsePolicy('redaction', rules, last),
  })
  const changed = draft.changes.length > 0
  const tried = rehearse.variables?.rules
  return (
    <>
      <Answer policy={policy} />
      {!may && <p className="quiet">Only owners and admins can change the rules.</p>}
      <RuleList
        rules={draft.document}
        inForce={redaction.read(policy)}
        history={history && [policy, ...history.versions, history.default_policy]}
        onChange={may ? draft.change : null}
      />
      {changed && <Publishing form={redaction} policy={policy} draft={draft} />}
      <Rehearsal
        what={changed ? 'these changed rules' : 'these rules'}
        run={(last) => rehearse.mutate({ rules: draft.document, last })}
        pending={rehearse.isPending}
        error={rehearse.error}
        report={rehearse.data}
        current={tried !== undefined && redaction.changes(tried, draft.document).length === 0}
        show={(report) => <Changed report={report} rules={tried ?? draft.document} />}
      >
        <p className={`quiet ${classes.note}`}>
          Events are stored redacted by the rules of their time, and stay as they are. So this shows the rules at work
          on what those have left.
        </p>
      </Rehearsal>
      <History form={redaction} policy={policy} onRestore={may ? draft.change : null} />
      {changed && <Unpublished count={draft.changes.length} />}
    </>
  )
}

/** How much is kept out, since when, and by whom that was decided. */
function Answer({ policy }: { policy: Policy }) {
  const { rules } = redaction.read(policy)
  const none = rules.every((r) => r.action === 'allow')
  return (
    <InForce policy={policy} attention={none}>
      {none ? (
        'Nothing is kept out: events are stored as they are sent.'
      ) : (
        <>
          <strong>{plural(rules.length, 'rule')}</strong> {rules.length === 1 ? 'keeps' : 'keep'} personal data and
          credentials out before anything is written.
        </>
      )}
    </InForce>
  )
}
