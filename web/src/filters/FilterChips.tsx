import { Button, CloseButton } from '@mantine/core'
import { ListFilter } from 'lucide-react'
import { useState } from 'react'
import { useView } from '../view/useView'
import { allOf, describe, parts } from './filter'
import classes from './FilterChips.module.css'
import { FilterEditor } from './FilterEditor'

/** The filters in words, each with its way out, and the way to change them. */
export function FilterChips() {
  const view = useView()
  const [editing, setEditing] = useState(false)
  const given = parts(view.filter)
  return (
    <>
      {given.map((f, i) => {
        const text = describe(f)
        return (
          <span key={`${i} ${text}`} className={classes.chip}>
            <button type="button" onClick={() => setEditing(true)} aria-label={`Change the filter ${text}`}>
              {text}
            </button>
            <CloseButton
              size="sm"
              aria-label={`Remove the filter ${text}`}
              onClick={() => view.change({ filter: allOf(given.filter((_, j) => j !== i)) })}
            />
          </span>
        )
      })}
      <Button
        variant="subtle"
        color="gray"
        px="xs"
        leftSection={<ListFilter size={16} />}
        onClick={() => setEditing(true)}
      >
        {given.length === 0 ? 'Filter' : 'Filters'}
      </Button>
      <FilterEditor
        opened={editing}
        filter={view.filter}
        onClose={() => setEditing(false)}
        onApply={(filter) => {
          view.change({ filter })
          setEditing(false)
        }}
      />
    </>
  )
}
