import { Button } from '@mantine/core'
import { plural } from '../../numbers/format'
import classes from './Contract.module.css'
import { review } from './review'

/** Says at the foot of the window that there is something to publish, wherever on the page one is. */
export function Unpublished({ count }: { count: number }) {
  return (
    <div className={classes.unpublished} role="status">
      <span>{plural(count, 'unpublished change')}</span>
      <Button size="xs" onClick={review}>
        Review
      </Button>
    </div>
  )
}
