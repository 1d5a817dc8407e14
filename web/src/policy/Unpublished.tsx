import { Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { plural } from '../numbers/format'
import classes from './Policy.module.css'
import { review, reviewId } from './review'

/** Says at the foot of the window that there is something to publish, while that is out of sight. */
export function Unpublished({ count }: { count: number }) {
  const [inSight, setInSight] = useState(false)
  useEffect(() => {
    const panel = document.getElementById(reviewId)
    if (panel === null) return
    // The panel counts as seen once its heading is above the foot of the window, where this bar would cover it.
    const observer = new IntersectionObserver(([entry]) => setInSight(entry?.isIntersecting ?? false), {
      rootMargin: '0px 0px -120px 0px',
    })
    observer.observe(panel)
    return () => observer.disconnect()
  }, [])
  return (
    <div role="status" className={classes.foot}>
      {!inSight && (
        <div className={classes.unpublished}>
          <span>{plural(count, 'unpublished change')}</span>
          <Button size="xs" onClick={review}>
            Review
          </Button>
        </div>
      )}
    </div>
  )
}
