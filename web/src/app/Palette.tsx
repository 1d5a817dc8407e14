import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import {
  Spotlight,
  createSpotlight,
  useSpotlight,
  type SpotlightActionData,
  type SpotlightActionGroupData,
} from '@mantine/spotlight'
import { useQuery } from '@tanstack/react-query'
import {
  ArrowRight,
  ChartSpline,
  FileCode2,
  Fingerprint,
  LogOut,
  Moon,
  ReceiptText,
  Search,
  Sun,
  UserRound,
} from 'lucide-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { catalogOptions } from '../api/queries'
import { personPath } from '../parts/person'
import { subjectPath } from '../pages/schemas/paths'
import { subjectsOptions } from '../pages/schemas/registry'
import { useTravel } from '../view/useView'
import { dataPages, explorePages, places, privacyPages, settingsPages, usagePages, workPages } from './places'
import { useLogOut } from './useAccount'

const [store, palette] = createSpotlight()

export function openPalette() {
  palette.open()
}

/** Search and commands (Ctrl-K): places, events by name, anything by its ID. */
export function Palette() {
  const [query, setQuery] = useState('')
  const groups = usePalette(query)
  return (
    <Spotlight
      store={store}
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      shortcut={['mod + K']}
      tagsToIgnore={[]} // from within a field as well
      nothingFound="Nothing of that name. An ID of an event, receipt or request is found when it is complete."
      highlightQuery
      scrollable
      maxHeight="60dvh"
      searchProps={{
        leftSection: <Search size={18} />,
        placeholder: 'Go to, find an event, or paste an ID',
        'aria-label': 'Search',
      }}
    />
  )
}

function usePalette(query: string): SpotlightActionGroupData[] {
  const navigate = useNavigate()
  const travel = useTravel()
  const logOut = useLogOut()
  const { opened } = useSpotlight(store)
  const { data: catalog } = useQuery({ ...catalogOptions, enabled: opened })
  const { data: subjects } = useQuery({ ...subjectsOptions, enabled: opened })
  const { setColorScheme } = useMantineColorScheme()
  const other = useComputedColorScheme('dark') === 'dark' ? 'light' : 'dark'
  const go = (path: string) => () => void navigate(path)

  const sections = [
    ...explorePages.slice(1),
    ...dataPages,
    ...privacyPages.slice(1),
    ...usagePages.slice(1),
    ...workPages,
    ...settingsPages,
  ]
  const found: SpotlightActionGroupData[] = [
    { group: 'Look up', actions: lookUps(query.trim(), go) },
    {
      group: 'Go to',
      actions: [
        ...places.map(({ path, name, icon: Icon }) => ({
          id: path,
          label: name,
          leftSection: <Icon size={17} />,
          onClick: go(travel(path)),
        })),
        ...sections.map(([path, name]) => ({
          id: path,
          label: name,
          leftSection: <ArrowRight size={17} />,
          onClick: go(travel(path)),
        })),
      ],
    },
    {
      group: 'Events',
      actions: (catalog?.events ?? []).slice(0, 200).map((e) => ({
        id: `event ${e.event}`,
        label: e.event,
        leftSection: <ChartSpline size={17} />,
        onClick: go(`/explore?event=${encodeURIComponent(e.event)}`),
      })),
    },
    {
      group: 'Schemas',
      actions: (subjects ?? []).slice(0, 200).map((s) => ({
        id: `schema ${s.subject}`,
        label: s.subject,
        leftSection: <FileCode2 size={17} />,
        onClick: go(subjectPath(s.subject)),
      })),
    },
    {
      group: 'Do',
      actions: [
        {
          id: 'theme',
          label: `Switch to the ${other} theme`,
          leftSection: other === 'light' ? <Sun size={17} /> : <Moon size={17} />,
          onClick: () => setColorScheme(other),
        },
        { id: 'logout', label: 'Log out', leftSection: <LogOut size={17} />, onClick: () => logOut.mutate() },
      ],
    },
  ]
  return found.filter((g) => g.actions.length > 0)
}

/** What a pasted ID may be: it is offered as each, for its form does not tell. */
function lookUps(id: string, go: (path: string) => () => void): SpotlightActionData[] {
  if (id.length < 8 || /\s/.test(id)) return []
  const path = encodeURIComponent(id)
  const sameRequest = JSON.stringify({ property: 'correlation_id', operator: 'equals', value: id })
  return [
    { id: 'look-event', label: `Event ${id}`, leftSection: <Fingerprint size={17} />, onClick: go(`/events/${path}`) },
    {
      id: 'look-person',
      label: `Person ${id}`,
      leftSection: <UserRound size={17} />,
      onClick: go(personPath(id)),
    },
    {
      id: 'look-receipt',
      label: `Receipt ${id}`,
      leftSection: <ReceiptText size={17} />,
      onClick: go(`/data/receipts/${path}`),
    },
    {
      id: 'look-correlation',
      label: `Events of the request ${id}`,
      leftSection: <Search size={17} />,
      onClick: go(`/explore/events?filters=${encodeURIComponent(sameRequest)}`),
    },
  ]
}
