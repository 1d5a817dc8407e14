import { useEffect, useRef } from 'react'
import { NavLink, useLocation } from 'react-router'
import { useTravel } from '../view/useView'
import classes from './SubNav.module.css'

/** The pages of a section. */
export function SubNav({ label, pages }: { label: string; pages: readonly (readonly [path: string, name: string])[] }) {
  const travel = useTravel()
  const nav = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  // On a phone the bar scrolls: the page one is on must be in sight.
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>('[aria-current=page]')
    if (nav.current && current) nav.current.scrollLeft = current.offsetLeft - nav.current.offsetLeft - 24
  }, [pathname])
  return (
    <nav ref={nav} aria-label={label} className={classes.nav}>
      {pages.map(([path, name]) => (
        <NavLink key={path} to={travel(path)} end={path === '/explore' || path === '/alerts'}>
          {name}
        </NavLink>
      ))}
    </nav>
  )
}
