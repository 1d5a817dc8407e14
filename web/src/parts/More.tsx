import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './More.module.css'

interface MoreProps {
  /** The pages that are there, and the way to the next one. */
  answer: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
  /** What the button says. */
  children: ReactNode
}

/** The end of a list that has more than is shown. */
export function More({ answer, children }: MoreProps) {
  if (!answer.hasNextPage) return null
  return (
    <div className={classes.more}>
      <Button variant="default" loading={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>
        {children}
      </Button>
    </div>
  )
}
