import { Button, Menu, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ChevronDown } from 'lucide-react'
import { sourcesOptions } from '../api/queries'
import { FilterChips } from '../filters/FilterChips'
import type { Compare, Range } from '../time/range'
import { RangePicker } from './RangePicker'
import { useView } from './useView'
import classes from './ViewBar.module.css'

const compareNames: Record<Compare, string> = {
  previous_period: 'vs the period before',
  previous_year: 'vs a year before',
  none: 'Not compared',
}

interface ViewBarProps {
  /** The range that is shown, which may be a default. */
  range: Range | null
  /** Which parts the page has a use for. */
  parts?: readonly ('range' | 'compare' | 'filters')[]
}

/** Time range, comparison, source and filters: the same bar on every page, kept in the URL. */
export function ViewBar({ range, parts = ['range', 'compare', 'filters'] }: ViewBarProps) {
  const view = useView()
  return (
    <div className={classes.bar} role="group" aria-label="Time range and filters">
      {parts.includes('range') && <RangePicker range={range} />}
      {parts.includes('compare') && (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button
              variant="subtle"
              color="gray"
              px="xs"
              aria-label={`Comparison: ${compareNames[view.compare]}`}
              rightSection={<ChevronDown size={15} />}
            >
              {compareNames[view.compare]}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {(Object.keys(compareNames) as Compare[]).map((c) => (
              <Menu.Item key={c} onClick={() => view.change({ compare: c })} aria-current={c === view.compare}>
                {compareNames[c]}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {parts.includes('filters') && <SourcePicker />}
      {parts.includes('filters') && <FilterChips />}
    </div>
  )
}

/** Which source to look at: shown once there is a choice. */
function SourcePicker() {
  const view = useView()
  const { data: sources = [] } = useQuery(sourcesOptions)
  if (sources.length < 2 && view.source === null) return null
  return (
    <Select
      className={classes.source}
      data={sources.map((s) => ({ value: s.id, label: s.archived_at === null ? s.name : `${s.name} (archived)` }))}
      value={view.source}
      onChange={(source) => view.change({ source })}
      placeholder="All sources"
      aria-label="Source"
      clearable
      clearButtonProps={{ 'aria-label': 'All sources' }}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  )
}
