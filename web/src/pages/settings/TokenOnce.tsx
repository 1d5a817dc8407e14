import { Button, Modal } from '@mantine/core'
import type { CreatedAPIKey } from '../../api/types'
import { CodeBlock } from '../../parts/Copy'
import { kindUses } from './keyNames'
import classes from './Settings.module.css'

/** A new key, the only time that it is shown. A click beside it does not close it. */
export function TokenOnce({ created, onClose }: { created: CreatedAPIKey | null; onClose: () => void }) {
  return (
    <Modal
      opened={created !== null}
      onClose={onClose}
      title={created === null ? 'New key' : `The key ${created.key.name}`}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      size="lg"
    >
      {created !== null && (
        <div className={classes.token}>
          <p>It is shown only now and is not stored. Copy it to where it will be kept. {kindUses[created.key.kind]}</p>
          <CodeBlock code={created.token} what="the key" wrap />
          <Button onClick={onClose}>I have copied it</Button>
        </div>
      )}
    </Modal>
  )
}
