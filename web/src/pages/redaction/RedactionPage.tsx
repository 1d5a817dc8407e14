import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { useTravel } from '../../view/useView'
import { DataPage } from '../data/DataPage'
import classes from './Redaction.module.css'

/** The frame of the pages about redaction. */
export function RedactionPage({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  const travel = useTravel()
  return (
    <DataPage
      title={title}
      lead={lead}
      bar={
        <nav aria-label="Redaction" className={classes.tabs}>
          <NavLink to={travel('/data/redaction')} end>
            Rules
          </NavLink>
          <NavLink to={travel('/data/redaction/secret')}>Pseudonyms and tokens</NavLink>
        </nav>
      }
    >
      {children}
    </DataPage>
  )
}
