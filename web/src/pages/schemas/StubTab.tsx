import { SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { Code } from '../../code/Code'
import type { Language } from '../../code/language'
import { Panel } from '../../parts/Page'
import { ErrorNote, SkeletonRows } from '../../parts/States'
import type { Binding } from '../contract/contract'
import { stubOptions, type StubLanguage } from './proposals'
import type { Registered } from './registry'

const languages: readonly { value: StubLanguage; label: string; language: Language }[] = [
  { value: 'ts', label: 'TypeScript', language: 'typescript' },
  { value: 'go', label: 'Go', language: 'go' },
  { value: 'python', label: 'Python', language: 'python' },
]

/** Typed code to send the event with, so that what does not fit is found while it is written. */
export function StubTab({ newest, bound }: { newest: Registered; bound: readonly Binding[] }) {
  // The code sends the event that is bound to the subject.
  const event = bound[0]?.event ?? newest.subject
  const [params, setParams] = useSearchParams()
  const lang = languages.find((l) => l.value === params.get('lang')) ?? languages[0]
  if (lang === undefined) return null
  return (
    <Panel
      title="Typed code"
      note={`Of version ${newest.version}. Put it beside the code that sends the event: what does not fit is found while it is written.`}
      actions={
        <SegmentedControl
          aria-label="Language"
          data={languages.map(({ value, label }) => ({ value, label }))}
          value={lang.value}
          onChange={(v) =>
            setParams((now) => {
              const next = new URLSearchParams(now)
              next.set('lang', v)
              return next
            })
          }
        />
      }
    >
      <Stub newest={newest} event={event} lang={lang.value} language={lang.language} name={lang.label} />
    </Panel>
  )
}

interface StubProps {
  newest: Registered
  event: string
  lang: StubLanguage
  language: Language
  name: string
}

function Stub({ newest, event, lang, language, name }: StubProps) {
  const { data, error, refetch } = useQuery(stubOptions(newest.subject, lang, newest.version, event))
  if (error && data === undefined) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined) return <SkeletonRows rows={10} />
  return <Code value={data} language={newest.type === 'PROTOBUF' ? 'protobuf' : language} label={`the ${name} code`} />
}
