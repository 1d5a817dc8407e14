import type { ReactNode } from 'react'

/** A table's frame: it scrolls sideways where the page is narrow, by keyboard as well. */
export function TableScroll({
  label,
  className = '',
  children,
}: {
  label: string
  className?: string | undefined
  children: ReactNode
}) {
  return (
    <div className={`table-scroll ${className}`} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  )
}
