import type { ReactNode } from 'react'
import { useMe } from '../app/session'
import { Page } from './Page'
import { SubNav } from './SubNav'

export interface SectionPageProps {
  title: string
  lead: ReactNode
  /** The path of the page that this one belongs to, where its address alone does not say so. */
  under?: string
  actions?: ReactNode
  /** What stands below the way between the pages. */
  bar?: ReactNode
  children: ReactNode
}

interface Section {
  section: string
  pages: readonly (readonly [path: string, name: string])[]
}

/** The frame of the pages of a section, with the way between them. */
export function SectionPage({
  section,
  pages,
  title,
  lead,
  under,
  actions,
  bar,
  children,
}: Section & SectionPageProps) {
  const me = useMe()
  return (
    <Page
      title={title}
      organization={me.tenant.name}
      lead={lead}
      actions={actions}
      bar={
        <>
          <SubNav label={section} pages={pages} {...(under !== undefined && { current: under })} />
          {bar}
        </>
      }
    >
      {children}
    </Page>
  )
}
