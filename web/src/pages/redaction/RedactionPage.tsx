import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { QuietNav } from '../../parts/QuietNav'
import { useTravel } from '../../view/useView'
import { DataPage } from '../data/DataPage'

/** The frame of the pages about redaction. */
export function RedactionPage({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  const travel = useTravel()
  return (
    <DataPage
      title={title}
      lead={lead}
      bar={
        <QuietNav label="Redaction">
          <NavLink to={travel('/data/redaction')} end>
            Rules
          </NavLink>
          <NavLink to={travel('/data/redaction/secret')}>Pseudonyms and tokens</NavLink>
        </QuietNav>
      }
    >
      {children}
    </DataPage>
  )
}
