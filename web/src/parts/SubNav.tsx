import { useEffect, useRef } from 'react'
import { Link, NavLink, useLocation } from 'react-router'
import { useTravel } from '../view/useView'
import classes from './SubNav.module.css'

interface SubNavProps {
  label: string
  pages: readonly (readonly [path: string, name: string])[]
  /** The page that one is on, where the address alone does not say so. */
  current?: string
}

/** The pages of a section. */
export function SubNav({ label, pages, current }: SubNavProps) {
  const travel = useTravel()
  const nav = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  // On a phone the bar scrolls: the page one is on must be in sight.
  useEffect(() => {
    const here = nav.current?.querySelector<HTMLElement>('[aria-current=page]')
    if (nav.current && here) nav.current.scrollLeft = here.offsetLeft - nav.current.offsetLeft - 24
  }, [pathname])
  return (
    <nav ref={nav} aria-label={label} className={classes.nav}>
      {pages.map(([path, name]) =>
        path === current ? (
          <Link key={path} to={travel(path)} aria-current="page">
            {name}
          </Link>
        ) : (
          <NavLink key={path} to={travel(path)} end={path === pages[0]?.[0]}>
            {name}
          </NavLink>
        ),
      )}
    </nav>
  )
}
