import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { policyOptions } from '../../../api/policies'
import { usePreviewRetention } from '../../../api/lifecycle'
import type { Policy } from '../../../api/types'
import { mayAnswerForPeople } from '../../../app/roles'
import { useMe } from '../../../app/session'
import { plural } from '../../../numbers/format'
import { Panel } from '../../../parts/Page'
import { ErrorNote } from '../../../parts/States'
import { History } from '../../../policy/History'
import { InForce } from '../../../policy/InForce'
import { Publishing } from '../../../policy/Publishing'
import { Unpublished } from '../../../policy/Unpublished'
import { useDraft } from '../../../policy/useDraft'
import { PrivacyPage } from '../PrivacyPage'
import classes from './Retention.module.css'
import { daysText, retention, toSend, type Retention as Document } from './retention'
import { Rules } from './Rules'
import { Runs } from './Runs'
import { WouldGo } from './WouldGo'

/** How long what is kept. */
export default function Retention() {
  const me = useMe()
  const { data: policy, error, refetch } = useQuery(policyOptions('retention'))
  return (
    <PrivacyPage title="Retention" lead="How long events are kept. What is older goes every night, from every place.">
      {mayAnswerForPeople(me.role) &&
        (error && !policy ? (
          <ErrorNote error={error} retry={() => void refetch()} />
        ) : policy ? (
          <Shown policy={policy} />
        ) : (
          <>
            <Skeleton height={96} radius="lg" />
            <Skeleton height={420} radius="lg" />
          </>
        ))}
    </PrivacyPage>
  )
}

function Shown({ policy }: { policy: Policy }) {
  const me = useMe()
  const draft = useDraft(retention, me.tenant.id, policy)
  const changed = draft.changes.length > 0
  return (
    <>
      <Answer policy={policy} />
      <Rules document={draft.document} onChange={draft.change} />
      {changed && (
        <Publishing form={retention} policy={policy} draft={draft} since="from the next night on">
          <Rehearsal document={draft.document} />
        </Publishing>
      )}
      {!changed && <Rehearsal document={draft.document} inForce />}
      <Runs />
      <History form={retention} policy={policy} onRestore={draft.change} />
      {changed && <Unpublished count={draft.changes.length} />}
    </>
  )
}

/** What holds now, in a sentence. */
function Answer({ policy }: { policy: Policy }) {
  const d = retention.read(policy)
  const own = [
    ...(d.events.length > 0 ? [plural(d.events.length, 'event')] : []),
    ...(d.properties.length > 0 ? [plural(d.properties.length, 'property', 'properties')] : []),
  ].join(' and ')
  return (
    <InForce policy={policy}>
      {d.keep_days === null ? (
        'Events are kept until somebody has them erased'
      ) : (
        <>
          Events are kept for <strong>{daysText(d.keep_days)}</strong>
        </>
      )}
      {own !== '' && `; ${own} for a time of ${d.events.length + d.properties.length === 1 ? 'its' : 'their'} own`}.
    </InForce>
  )
}

/** What would go, were it applied now. */
function Rehearsal({ document, inForce = false }: { document: Document; inForce?: boolean }) {
  const preview = usePreviewRetention()
  const sent = JSON.stringify(toSend(document))
  const asked = preview.variables === undefined ? null : JSON.stringify(preview.variables)
  return (
    <Panel
      title="What would go today"
      note={
        inForce
          ? 'Counts what tonight takes by what is in force. Nothing is changed.'
          : 'Counts what would go by your changes, before you publish them. Nothing is changed.'
      }
      actions={
        <Button variant="default" loading={preview.isPending} onClick={() => preview.mutate(toSend(document))}>
          Count
        </Button>
      }
      flush={preview.data !== undefined}
    >
      {preview.error ? (
        <ErrorNote error={preview.error} />
      ) : preview.data === undefined ? (
        <p className={`quiet ${classes.none}`}>
          What is removed cannot be brought back. Count first, so that nothing goes that you still need.
        </p>
      ) : (
        <WouldGo preview={preview.data} outdated={asked !== sent} />
      )}
    </Panel>
  )
}
