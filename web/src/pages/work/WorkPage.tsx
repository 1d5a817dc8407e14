import type { ReactNode } from 'react'
import { workPages } from '../../app/places'
import { useMe } from '../../app/session'
import { Page } from '../../parts/Page'
import { SubNav } from '../../parts/SubNav'

/** The frame of the pages about what is done in the background. */
export function WorkPage({
  title,
  lead,
  bar,
  children,
}: {
  title: string
  lead: ReactNode
  bar?: ReactNode
  children: ReactNode
}) {
  const me = useMe()
  return (
    <Page
      title={title}
      organization={me.tenant.name}
      lead={lead}
      bar={
        <>
          <SubNav label="Work" pages={workPages} />
          {bar}
        </>
      }
    >
      {children}
    </Page>
  )
}
