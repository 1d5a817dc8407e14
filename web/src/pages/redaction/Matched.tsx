import { VisuallyHidden } from '@mantine/core'
import { Fragment } from 'react'
import type { Rule } from './rule'
import { detectorName } from './words'

const shown = 60

/** What a rule looks for, in words. The pattern of the built-in rule about credentials is told by what it is about. */
export function Matched({ rule, builtIn }: { rule: Rule; builtIn: boolean }) {
  if (rule.detector !== undefined) {
    return (
      <>
        <strong>{detectorName(rule.detector)}</strong> anywhere
      </>
    )
  }
  if (rule.path !== undefined) {
    return (
      <>
        <strong>The value at</strong> <Pattern text={rule.path} />
      </>
    )
  }
  if (builtIn) {
    return (
      <span title={rule.key}>
        <strong>Values with the name of a credential</strong>: password, secret, token, API key, cookie, PIN, CVV and
        the like
      </span>
    )
  }
  return (
    <>
      <strong>Values whose name matches</strong> <Pattern text={rule.key ?? ''} />
    </>
  )
}

function Pattern({ text }: { text: string }) {
  if (text.length <= shown) return <code className="mono">{text}</code>
  return (
    <Fragment>
      <code className="mono" title={text} aria-hidden="true">
        {text.slice(0, shown)}…
      </code>
      <VisuallyHidden>{text}</VisuallyHidden>
    </Fragment>
  )
}
