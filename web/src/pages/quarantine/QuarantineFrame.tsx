import type { ReactNode } from 'react'
import { Link, useLocation } from 'react-router'
import { QuietNav } from '../../parts/QuietNav'
import { useTravel } from '../../view/useView'
import { DataPage } from '../data/DataPage'

const tabs = [
  ['/data/quarantine', 'Causes'],
  ['/data/quarantine/events', 'Events'],
  ['/data/quarantine/replays', 'Replays'],
  ['/data/quarantine/settings', 'Settings'],
] as const

/** The frame of the pages about what was set aside, with the way between them. */
export function QuarantineFrame({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  const travel = useTravel()
  const { pathname } = useLocation()
  // A page below a tab belongs to it; the page of a cause lies beside the other tabs.
  const current = tabs.slice(1).find(([path]) => pathname.startsWith(path))?.[0] ?? tabs[0][0]
  return (
    <DataPage
      title={title}
      lead={lead}
      bar={
        <QuietNav label="Quarantine">
          {tabs.map(([path, name]) => (
            <Link key={path} to={travel(path)} aria-current={path === current ? 'page' : undefined}>
              {name}
            </Link>
          ))}
        </QuietNav>
      }
    >
      {children}
    </DataPage>
  )
}
