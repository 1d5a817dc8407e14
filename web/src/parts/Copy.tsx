import { ActionIcon, CopyButton, Tooltip } from '@mantine/core'
import { Check, Copy as CopyIcon } from 'lucide-react'
import classes from './Copy.module.css'

/** Copies a text; `what` says which, for those who do not see what stands beside it. */
export function Copy({ value, what }: { value: string; what: string }) {
  return (
    <CopyButton value={value} timeout={2000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : `Copy ${what}`}>
          <ActionIcon onClick={copy} aria-label={copied ? `Copied ${what}` : `Copy ${what}`} size="md">
            {copied ? <Check size={16} color="var(--obs-accent)" /> : <CopyIcon size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

/** An ID or key in full, with its copy button. */
export function CopyText({ value, what }: { value: string; what: string }) {
  return (
    <span className={classes.text}>
      <span className="mono">{value}</span>
      <Copy value={value} what={what} />
    </span>
  )
}

/** Code to be copied. It scrolls sideways, so it takes the keyboard's focus. */
export function CodeBlock({ code, what, wrap = false }: { code: string; what: string; wrap?: boolean }) {
  return (
    <div className={classes.code}>
      <pre tabIndex={0} role="region" aria-label={what} className={wrap ? classes.wrap : undefined}>
        <code>{code}</code>
      </pre>
      <div className={classes.corner}>
        <Copy value={code} what={what} />
      </div>
    </div>
  )
}
