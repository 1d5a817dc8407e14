import { useSearchParams } from 'react-router'
import { AlertsPage } from './AlertsPage'
import { newDraft } from './draft'
import { Back, RuleEditor } from './RuleEditor'

/** A rule that is made anew; a link may say what it is about. */
export default function NewRule() {
  const [params] = useSearchParams()
  return (
    <AlertsPage title="New rule" under="/alerts/rules" lead={<Back />}>
      <RuleEditor initial={newDraft(params)} rule={null} />
    </AlertsPage>
  )
}
