import { NavLink } from 'react-router'
import { useTravel } from '../view/useView'
import classes from './SubNav.module.css'

/** The pages of a section. */
export function SubNav({ label, pages }: { label: string; pages: readonly (readonly [path: string, name: string])[] }) {
  const travel = useTravel()
  return (
    <nav aria-label={label} className={classes.nav}>
      {pages.map(([path, name]) => (
        <NavLink key={path} to={travel(path)} end={path === '/explore'}>
          {name}
        </NavLink>
      ))}
    </nav>
  )
}
