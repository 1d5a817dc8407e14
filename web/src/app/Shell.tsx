import { ActionIcon, Burger, Drawer } from '@mantine/core'
import { Search } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { Mark } from '../parts/Mark'
import { BillingBanner } from '../pages/usage/BillingBanner'
import { Palette, openPalette } from './Palette'
import { Rail } from './Rail'
import classes from './Shell.module.css'

/** The frame of every page behind the login: the rail on the left, or behind a button on a phone. */
export function Shell({ children }: { children: ReactNode }) {
  const [menu, setMenu] = useState(false)
  return (
    <div className={classes.shell}>
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <header className={classes.top}>
        <Burger opened={menu} onClick={() => setMenu((o) => !o)} size="sm" aria-label="Menu" aria-expanded={menu} />
        <Link to="/" className={classes.brand}>
          <Mark size={22} /> Observatory
        </Link>
        <ActionIcon onClick={openPalette} aria-label="Search" size="lg">
          <Search size={19} />
        </ActionIcon>
      </header>
      <Drawer
        opened={menu}
        onClose={() => setMenu(false)}
        size="17rem"
        title="Menu"
        classNames={{ content: classes.drawer ?? '', header: classes.drawer ?? '' }}
      >
        <Rail onLeave={() => setMenu(false)} />
      </Drawer>
      <div className={classes.rail}>
        <Link to="/" className={classes.brand}>
          <Mark /> Observatory
        </Link>
        <Rail />
      </div>
      <main id="main" tabIndex={-1} className={classes.main}>
        <BillingBanner />
        {children}
      </main>
      <Palette />
    </div>
  )
}
