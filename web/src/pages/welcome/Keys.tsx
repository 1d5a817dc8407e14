import { Button } from '@mantine/core'
import { Link } from 'react-router'
import { Copy } from '../../parts/Copy'
import { Panel } from '../../parts/Page'
import type { NewKeys } from './newKeys'
import classes from './Welcome.module.css'

/** The two keys, the only time they are shown. */
export function Keys({ keys }: { keys: NewKeys | null }) {
  if (keys === null) {
    return (
      <Panel title="Your keys">
        <p className={classes.text}>
          Keys are shown once, when they are made, and are not stored. If yours are lost, make new ones and revoke the
          old ones.
        </p>
        <Button component={Link} to="/settings/sources" variant="default">
          Sources and keys
        </Button>
      </Panel>
    )
  }
  return (
    <Panel title="Your keys" note="They are shown only now, and are not stored. Keep them where you keep passwords.">
      <Key
        name="Publishable key"
        use="For web pages and apps. It can send events and nothing else."
        value={keys.publishable}
      />
      <Key
        name="Secret key"
        use="For servers. It can send events and read everything: never put it into a page."
        value={keys.secret}
      />
    </Panel>
  )
}

function Key({ name, use, value }: { name: string; use: string; value: string }) {
  return (
    <div className={classes.key}>
      <div className={classes.keyHead}>
        <strong>{name}</strong>
        <span className="quiet">{use}</span>
      </div>
      <div className={classes.keyValue}>
        <code data-testid={name} tabIndex={0} role="region" aria-label={name}>
          {value}
        </code>
        <Copy value={value} what={`the ${name.toLowerCase()}`} />
      </div>
    </div>
  )
}
