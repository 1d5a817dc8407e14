import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { catalogOptions } from '../../api/queries'
import { formatNumber } from '../../numbers/format'

interface Props {
  label: string
  value: string | null
  onChange: (event: string | null) => void
}

/** Chooses one of the events that were ever stored. */
export function EventPicker({ label, value, onChange }: Props) {
  const { data: catalog } = useQuery(catalogOptions)
  const events = catalog?.events ?? []
  return (
    <Select
      label={label}
      placeholder={events.length === 0 ? 'No events yet' : 'Choose an event'}
      data={events.map((e) => ({ value: e.event, label: `${e.event} (${formatNumber(e.count)})` }))}
      value={value}
      onChange={onChange}
      searchable
      maw={360}
      mb="md"
      nothingFoundMessage="No such event"
    />
  )
}
