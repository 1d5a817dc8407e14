import {
  ActionIcon,
  Menu,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core'
import { Check, ChevronsUpDown, LogOut, Moon, Search, Sun, UserRound } from 'lucide-react'
import { NavLink, useLocation, useNavigate } from 'react-router'
import { useTravel } from '../view/useView'
import { openPalette } from './Palette'
import { places } from './places'
import classes from './Rail.module.css'
import { roleNames } from './roles'
import { useMe } from './session'
import { useLogOut, useSwitchTenant } from './useAccount'

/** The organization, search, the places, and at the foot oneself. */
export function Rail({ onLeave }: { onLeave?: () => void }) {
  const travel = useTravel()
  const { pathname } = useLocation()
  return (
    <div className={classes.rail}>
      <TenantMenu />
      <UnstyledButton
        className={classes.search}
        onClick={() => {
          onLeave?.()
          openPalette()
        }}
      >
        <Search size={16} aria-hidden="true" /> Search <kbd>Ctrl K</kbd>
      </UnstyledButton>
      <nav aria-label="Places" className={classes.places}>
        {places.map(({ path, name, icon: Icon }) => (
          <NavLink
            key={path}
            to={travel(path)}
            end={path === '/'}
            onClick={onLeave}
            data-within={path === '/explore' && pathname.startsWith('/events/')}
          >
            <Icon size={18} aria-hidden="true" /> {name}
          </NavLink>
        ))}
      </nav>
      <div className={classes.foot}>
        <AccountMenu onLeave={onLeave} />
        <ThemeToggle />
      </div>
    </div>
  )
}

function TenantMenu() {
  const me = useMe()
  const switchTenant = useSwitchTenant()
  return (
    <Menu position="bottom-start" width="target">
      <Menu.Target>
        <UnstyledButton className={classes.tenant}>
          <VisuallyHidden>Organization</VisuallyHidden>
          <span className={classes.initial} aria-hidden="true">
            {(Array.from(me.tenant.name)[0] ?? '·').toUpperCase()}
          </span>
          <span className={classes.tenantName}>
            <strong>{me.tenant.name}</strong>
            <small>{roleNames[me.role]}</small>
          </span>
          <ChevronsUpDown size={15} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Your organizations</Menu.Label>
        {me.memberships.map(({ tenant }) => (
          <Menu.Item
            key={tenant.id}
            rightSection={tenant.id === me.tenant.id ? <Check size={15} aria-label="shown now" /> : null}
            onClick={() => tenant.id !== me.tenant.id && switchTenant.mutate(tenant.id)}
          >
            {tenant.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function AccountMenu({ onLeave }: { onLeave: (() => void) | undefined }) {
  const { user } = useMe()
  const navigate = useNavigate()
  const logOut = useLogOut()
  return (
    <Menu position="top-start">
      <Menu.Target>
        <UnstyledButton className={classes.account}>
          <UserRound size={17} aria-hidden="true" />
          <span>{user.email}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<UserRound size={15} />}
          onClick={() => {
            onLeave?.()
            void navigate('/settings/account')
          }}
        >
          Your account
        </Menu.Item>
        <Menu.Item leftSection={<LogOut size={15} />} onClick={() => logOut.mutate()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

export function ThemeToggle() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('dark')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <Tooltip label={`Switch to the ${other} theme`}>
      <ActionIcon size="lg" onClick={() => setColorScheme(other)} aria-label={`Switch to the ${other} theme`}>
        {scheme === 'dark' ? <Sun size={17} /> : <Moon size={17} />}
      </ActionIcon>
    </Tooltip>
  )
}
