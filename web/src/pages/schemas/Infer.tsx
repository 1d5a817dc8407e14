import { SegmentedControl } from '@mantine/core'
import { useSearchParams } from 'react-router'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { DataPage } from '../data/DataPage'
import { FromEvents } from './FromEvents'
import { Written } from './Written'

/** A new subject: proposed from what was seen, or written by hand. */
export default function Infer() {
  const may = mayManage(useMe().role)
  const [params, setParams] = useSearchParams()
  const written = params.get('how') === 'write'
  return (
    <DataPage
      title="New schema"
      lead="Version 1 of a subject: proposed from the events that were seen, or written by hand."
    >
      {!may ? (
        <p className="quiet">Only owners and admins can register schemas.</p>
      ) : (
        <>
          <div>
            <SegmentedControl
              aria-label="How"
              data={[
                { value: 'infer', label: 'From events' },
                { value: 'write', label: 'By hand' },
              ]}
              value={written ? 'write' : 'infer'}
              onChange={(v) =>
                setParams((now) => {
                  const next = new URLSearchParams(now)
                  if (v === 'write') next.set('how', 'write')
                  else next.delete('how')
                  return next
                })
              }
            />
          </div>
          {written ? <Written /> : <FromEvents />}
        </>
      )}
    </DataPage>
  )
}
