import { Modal, Stack, UnstyledButton, ActionIcon, Tooltip } from '@mantine/core'
import { CircleQuestionMark } from 'lucide-react'
import { useState } from 'react'
import type { Explanation } from '../api/types'
import { leavesOutBots } from '../filters/filter'
import { formatNumber, plural } from '../numbers/format'
import { useView } from '../view/useView'
import { CodeBlock } from './Copy'
import { Facts } from './Facts'
import classes from './HowComputed.module.css'
import { Time } from './Time'

interface HowComputedProps {
  /** What the number is, as in "How is this computed: Visitors". */
  what: string
  /** In words: what is counted, over which period, in which zone. */
  meaning: string
  explanation: Explanation | undefined
  zone: string
  /** A small icon instead of the words. */
  icon?: boolean
}

/** Opens the query behind a number: what was asked, how fresh the answer is, what was left out. */
export function HowComputed({ what, meaning, explanation, zone, icon = false }: HowComputedProps) {
  const [opened, setOpened] = useState(false)
  if (explanation === undefined) return null
  const open = () => setOpened(true)
  return (
    <>
      {icon ? (
        <Tooltip label="How is this computed">
          <ActionIcon onClick={open} aria-label={`How is this computed: ${what}`} size="sm">
            <CircleQuestionMark size={15} />
          </ActionIcon>
        </Tooltip>
      ) : (
        <UnstyledButton className={classes.open} onClick={open} aria-label={`How is this computed: ${what}`}>
          How is this computed
        </UnstyledButton>
      )}
      <Modal opened={opened} onClose={() => setOpened(false)} title={`How is this computed: ${what}`} size="xl">
        {opened && <Content meaning={meaning} explanation={explanation} zone={zone} />}
      </Modal>
    </>
  )
}

function Content({ meaning, explanation: e, zone }: { meaning: string; explanation: Explanation; zone: string }) {
  const { filter } = useView()
  return (
    <Stack gap="md">
      <p className={classes.meaning}>{meaning}</p>
      <Facts
        facts={[
          ['Computed', <Time key="computed" at={e.computed_at} zone={zone} />],
          [
            'Includes',
            e.fresh_until ? (
              <>
                everything received before <Time at={e.fresh_until} zone={zone} />
              </>
            ) : (
              ''
            ),
          ],
          ['Accuracy', e.estimated ? 'An estimate' : 'Exact'],
          ['Left out', leftOut(e)],
          ['Bots', leavesOutBots(filter) ? 'Left out by the filter' : 'Counted, unless a filter leaves them out'],
          ['Read', `${plural(e.rows_read, 'row')} in ${formatNumber(Number(e.elapsed_ms.toPrecision(3)))} ms`],
          ['From', origin(e)],
          ['Times in', zone],
        ]}
      />
      <div>
        <h3 className={classes.heading}>The query</h3>
        <CodeBlock code={e.query.trim()} what="the query" wrap />
      </div>
      {e.parameters !== undefined && Object.keys(e.parameters).length > 0 && (
        <div>
          <h3 className={classes.heading}>Its parameters</h3>
          <CodeBlock
            code={Object.entries(e.parameters)
              .map(([k, v]) => `${k} = ${v}`)
              .join('\n')}
            what="the parameters"
            wrap
          />
        </div>
      )}
    </Stack>
  )
}

/** Rollups hold what the events of an hour come to, computed beforehand. */
function origin(e: Explanation): string {
  const rollups = plural(e.from_rollups_hours, 'hour')
  const events = plural(e.from_events_hours, 'hour')
  if (e.from_rollups_hours === 0) return `The events of ${events}`
  return e.from_events_hours === 0 ? `Rollups of ${rollups}` : `Rollups of ${rollups}, and the events of ${events}`
}

function leftOut(e: Explanation): string {
  const parts = [
    e.left_out.quarantined > 0 ? `${plural(e.left_out.quarantined, 'event')} in quarantine` : '',
    e.left_out.without_number > 0
      ? `${plural(e.left_out.without_number, 'event')} without a number in this property`
      : '',
  ].filter(Boolean)
  return parts.length === 0 ? 'Nothing' : parts.join(', ')
}
