import { Radio, Stack } from '@mantine/core'
import { Panel } from '../../parts/Page'
import type { Contract, UnknownEvents as Choice } from './contract'

interface Props {
  contract: Contract
  /** Null where one may only look. */
  onChange: ((next: Contract) => void) | null
}

const choices: readonly [Choice, string, string][] = [
  ['allow', 'Allow', 'They are stored as they come. New events need no preparation.'],
  ['quarantine', 'Quarantine', 'They are set aside until they are added here. A misspelt name cannot go unnoticed.'],
]

/** What becomes of events that the contract does not name. */
export function UnknownEvents({ contract, onChange }: Props) {
  return (
    <Panel title="Unknown events" note="Events whose names are not in the contract.">
      <Radio.Group
        aria-label="Unknown events"
        value={contract.unknown_events}
        onChange={(v) => onChange?.({ ...contract, unknown_events: v })}
      >
        <Stack gap="sm">
          {choices.map(([value, name, meaning]) => (
            <Radio key={value} value={value} label={name} description={meaning} disabled={onChange === null} />
          ))}
        </Stack>
      </Radio.Group>
    </Panel>
  )
}
