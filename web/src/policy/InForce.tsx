import type { ReactNode } from 'react'
import type { Policy } from '../api/types'
import { Panel } from '../parts/Page'
import { Sentence } from '../parts/Sentence'
import { Time } from '../parts/Time'
import { useView } from '../view/useView'

interface Props {
  policy: Policy
  /** Whether what is in force wants a second look. */
  attention?: boolean
  /** What it does, in a sentence. */
  children: ReactNode
}

/** What is in force, since when, and by whom that was decided. */
export function InForce({ policy, attention = false, children }: Props) {
  const { tz } = useView()
  return (
    <Panel label="In force">
      <Sentence attention={attention}>{children}</Sentence>
      <p className="quiet">
        {policy.created_at === null ? (
          'The built-in policy. It has been in force from the beginning, and is until you publish another one.'
        ) : (
          <>
            Version {policy.version}, in force since <Time at={policy.created_at} zone={tz} />, published by{' '}
            {policy.created_by}
            {policy.note !== '' && <>: “{policy.note}”</>}
          </>
        )}
      </p>
    </Panel>
  )
}
