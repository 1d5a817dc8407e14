import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { useTravel } from '../../view/useView'
import { DataPage } from '../data/DataPage'
import classes from './Quarantine.module.css'

const tabs = [
  ['/data/quarantine', 'Causes'],
  ['/data/quarantine/events', 'Events'],
  ['/data/quarantine/replays', 'Replays'],
  ['/data/quarantine/settings', 'Settings'],
] as const

/** The frame of the pages about what was set aside, with the way between them. */
export function QuarantineFrame({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  const travel = useTravel()
  return (
    <DataPage
      title={title}
      lead={lead}
      bar={
        <nav aria-label="Quarantine" className={classes.tabs}>
          {tabs.map(([path, name]) => (
            <NavLink key={path} to={travel(path)} end={path === '/data/quarantine'}>
              {name}
            </NavLink>
          ))}
        </nav>
      }
    >
      {children}
    </DataPage>
  )
}
