import { SegmentedControl, Select, Input } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { catalogOptions } from '../../api/queries'
import { knownProperties, propertyOptions } from '../../filters/properties'
import { Panel } from '../../parts/Page'
import { intervals, possibleIntervals, resolve, type Range } from '../../time/range'
import { useView } from '../../view/useView'
import classes from './Explore.module.css'
import { limits, measureNames, measures, ofProperty, titleOf, type Question } from './question'

interface BuilderProps {
  question: Question
  range: Range | null
  change: (c: Partial<Question>) => void
}

/** Asks the question: one field after the other, as one would say it. */
export function Builder({ question, range, change }: BuilderProps) {
  const view = useView()
  const { data: catalog } = useQuery(catalogOptions)
  const properties = useMemo(() => knownProperties(catalog, question.event), [catalog, question.event])
  const events = [
    ...new Set([...(catalog?.events ?? []).map((e) => e.event), ...(question.event === null ? [] : [question.event])]),
  ]
  const possible = range === null ? intervals : possibleIntervals(resolve(range, view.tz, new Date()))
  const fields = (
    <div className={classes.fields}>
      <Select
        label="Event"
        placeholder="All events"
        data={events}
        value={question.event}
        onChange={(event) => change({ event })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'All events' }}
      />
      <Select
        label="Measure"
        data={measures.map((m) => ({ value: m, label: measureNames[m] }))}
        value={question.measure}
        onChange={(m) => m !== null && change({ measure: m })}
        allowDeselect={false}
      />
      {ofProperty(question.measure) && (
        <Select
          label="Property"
          placeholder="A number"
          data={propertyOptions(properties, question.property, (p) => p.types.includes('number'))}
          value={question.property}
          onChange={(property) => change({ property })}
          searchable
          nothingFoundMessage="No property that is a number"
        />
      )}
      <Select
        label="Breakdown"
        placeholder="None"
        data={propertyOptions(properties, question.breakdown)}
        value={question.breakdown}
        onChange={(breakdown) => change({ breakdown })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'No breakdown' }}
        nothingFoundMessage="No such property"
      />
      {question.breakdown !== null && (
        <Select
          label="How many values"
          data={[...new Set([...limits, question.limit])]
            .sort((a, b) => a - b)
            .map((n) => ({ value: String(n), label: `The ${n} largest` }))}
          value={String(question.limit)}
          onChange={(n) => change({ limit: Number(n) })}
          allowDeselect={false}
        />
      )}
      <Select
        label="Interval"
        data={[
          { value: 'auto', label: 'Automatic' },
          ...intervals.map((i) => ({
            value: i,
            label: i.charAt(0).toUpperCase() + i.slice(1),
            disabled: !possible.includes(i),
          })),
        ]}
        value={question.interval}
        onChange={(interval) => change({ interval: interval ?? 'auto' })}
        allowDeselect={false}
      />
      <Input.Wrapper label="Show as" labelElement="div">
        <SegmentedControl
          fullWidth
          value={question.chart}
          onChange={(chart) => change({ chart: chart })}
          data={[
            { value: 'line', label: 'Line' },
            { value: 'bar', label: 'Bar' },
            { value: 'table', label: 'Table' },
          ]}
          aria-label="Show as"
        />
      </Input.Wrapper>
    </div>
  )
  // On a phone the answer comes first, and the question behind a line that says it.
  const phone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  return (
    <Panel label="The question">
      {phone ? (
        <details className={classes.question}>
          <summary>{titleOf(question)}</summary>
          {fields}
        </details>
      ) : (
        fields
      )}
    </Panel>
  )
}
