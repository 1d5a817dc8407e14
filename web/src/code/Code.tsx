import { lazy, Suspense, type ComponentProps } from 'react'
import { Skeleton } from '@mantine/core'

// The editor is a part of its own: only pages with code load it. It measures its lines when it is made, so the font must be
// there by then.
const LazyEditor = lazy(() => withFont(import('./Editor')))
const LazyDiff = lazy(() => withFont(import('./Diff')))

async function withFont<T>(part: Promise<T>): Promise<T> {
  await document.fonts.load("13px 'JetBrains Mono Variable'").catch(() => null)
  return part
}

/** Code to be read or, with onChange, written. Large texts are no burden: only what is in sight is drawn. */
export function Code(props: ComponentProps<typeof LazyEditor>) {
  return (
    <Suspense fallback={<Skeleton height={180} radius="md" />}>
      <LazyEditor {...props} />
    </Suspense>
  )
}

/** What changed from one text to another. */
export function Diff(props: ComponentProps<typeof LazyDiff>) {
  return (
    <Suspense fallback={<Skeleton height={180} radius="md" />}>
      <LazyDiff {...props} />
    </Suspense>
  )
}
