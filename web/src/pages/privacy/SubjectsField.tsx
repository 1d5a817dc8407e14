import { Autocomplete, Button, FileButton, Select, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { catalogOptions } from '../../api/queries'
import { formatNumber, plural } from '../../numbers/format'
import { kindNames, mostSubjects, type Kind, type Named, type Read } from './subjects'
import classes from './Privacy.module.css'

interface Props {
  each: Pick<Named, 'kind' | 'path'>
  text: string
  read: Read
  onChange: (each: Pick<Named, 'kind' | 'path'>, text: string) => void
}

const shownFaults = 5

/** Who is meant: one on each line, or a table. */
export function SubjectsField({ each, text, read, onChange }: Props) {
  const paths = usePaths()
  const table = read.columns !== null
  return (
    <>
      <div className={classes.fields}>
        <Select
          label="Each line is"
          data={Object.entries(kindNames).map(([value, label]) => ({ value, label }))}
          value={each.kind}
          onChange={(k) => k !== null && onChange({ kind: k as Kind, path: k === 'property' ? each.path : '' }, text)}
          allowDeselect={false}
          disabled={table}
        />
        {each.kind === 'property' && !table && (
          <Autocomplete
            label="Property"
            placeholder="properties.phone"
            description="As the API names it: it begins with properties. or context."
            data={paths}
            limit={20}
            value={each.path}
            onChange={(path) => onChange({ kind: 'property', path }, text)}
            required
          />
        )}
      </div>
      <Textarea
        label="People"
        description={`One on each line, ${formatNumber(mostSubjects)} at most. Or a table as CSV whose first line names its columns: user_id, anonymous_id, email, or a property such as properties.phone.`}
        placeholder={placeholders[each.kind]}
        value={text}
        onChange={(e) => onChange(each, e.currentTarget.value)}
        classNames={{ input: classes.people ?? '' }}
        autosize
        minRows={4}
        maxRows={14}
        spellCheck={false}
        autoComplete="off"
        error={
          read.named.length > mostSubjects
            ? `Too many: ${formatNumber(mostSubjects)} at most in one request.`
            : undefined
        }
      />
      <div className={classes.counted} role="status">
        <FileButton
          accept=".csv,.txt,.tsv,text/csv,text/plain"
          onChange={(file) => void file?.text().then((t) => onChange(each, t))}
        >
          {(props) => (
            <Button {...props} variant="default" size="xs" leftSection={<FileUp size={14} />}>
              Take a file
            </Button>
          )}
        </FileButton>
        <span>{summary(read)}</span>
      </div>
      {read.unread.length > 0 && (
        <div className={classes.faults} role="alert">
          <strong>{plural(read.unread.length, 'line')} cannot be read:</strong>
          <ul>
            {read.unread.slice(0, shownFaults).map((u) => (
              <li key={`${u.line} ${u.text}`}>
                Line {u.line}, <span className="mono">{u.text}</span>: {u.why}
              </li>
            ))}
          </ul>
          {read.unread.length > shownFaults && <p>And {formatNumber(read.unread.length - shownFaults)} more.</p>}
        </div>
      )}
    </>
  )
}

const placeholders: Record<Kind, string> = {
  user_id: 'user-482\nuser-1977',
  anonymous_id: 'b7c1f0a2-51d4-4c0e-9a3f-0d6a8f7c2e11',
  email: 'ada@example.com\ngrace@example.com',
  property: '+44 20 7946 0018',
}

function summary(read: Read): string {
  if (read.named.length === 0) return 'Nobody yet.'
  const kinds = read.columns === null ? '' : ', from a table'
  const twice = read.twice > 0 ? ` ${plural(read.twice, 'repetition')} left out.` : ''
  return `${plural(read.named.length, 'name', 'names')}${kinds}.${twice}`
}

/** The properties that were ever seen, as the API names them. */
function usePaths(): string[] {
  const { data } = useQuery(catalogOptions)
  return [...new Set(data?.events.flatMap((e) => e.properties.map((p) => p.name)) ?? [])].sort()
}
