import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Code } from '../../code/Code'
import { Panel } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import { useTravel } from '../../view/useView'
import { Conflicts } from './Conflicts'
import { subjectPath } from './paths'
import { register, registryKey, RegistryError, typeNames, type SchemaType } from './registry'
import classes from './Schemas.module.css'
import { languageOf } from './text'

const examples: Record<SchemaType, string> = {
  JSON: `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "order_id": { "type": "string" },
    "total": { "type": "number", "minimum": 0 },
    "currency": { "enum": ["EUR", "USD"] }
  },
  "required": ["order_id", "total"]
}
`,
  AVRO: `{
  "type": "record",
  "name": "Order",
  "fields": [
    { "name": "order_id", "type": "string" },
    { "name": "total", "type": "double" },
    { "name": "coupon", "type": ["null", "string"], "default": null }
  ]
}
`,
  PROTOBUF: `syntax = "proto3";

message Order {
  string order_id = 1;
  double total = 2;
  optional string coupon = 3;
}
`,
}

/** The first version of a subject, written by hand. */
export function Written() {
  const client = useQueryClient()
  const navigate = useNavigate()
  const travel = useTravel()
  const [subject, setSubject] = useState('')
  const [type, setType] = useState<SchemaType>('JSON')
  const [texts, setTexts] = useState(examples)
  const make = useMutation({
    mutationFn: () => register(subject.trim(), { type, schema: texts[type], references: [] }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: registryKey })
      await navigate(travel(subjectPath(subject.trim())))
    },
  })
  const refused = make.error instanceof RegistryError && make.error.conflicts.length > 0 ? make.error : null
  return (
    <Panel label="Written by hand">
      <form
        className={classes.stack}
        onSubmit={(e) => {
          e.preventDefault()
          make.mutate()
        }}
      >
        <TextInput
          label="Subject"
          description="The name under which its versions are kept. Often that of the event."
          value={subject}
          onChange={(e) => setSubject(e.currentTarget.value)}
          maxLength={200}
          required
          maw={420}
        />
        <div>
          <SegmentedControl
            aria-label="Type"
            data={(['JSON', 'AVRO', 'PROTOBUF'] as const).map((t) => ({ value: t, label: typeNames[t] }))}
            value={type}
            onChange={setType}
          />
        </div>
        <Code
          key={type}
          value={texts[type]}
          language={languageOf(type)}
          label="the schema"
          onChange={(text) => setTexts((now) => ({ ...now, [type]: text }))}
          invalid={make.isError}
        />
        {refused ? (
          <Conflicts conflicts={refused.conflicts} level="its" />
        ) : (
          make.error && <ErrorNote error={make.error} meaning="Nothing was registered." />
        )}
        <div>
          <Button type="submit" loading={make.isPending} disabled={subject.trim() === ''}>
            Register
          </Button>
        </div>
      </form>
    </Panel>
  )
}
