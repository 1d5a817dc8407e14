import { Button, Group, Skeleton } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ArrowLeft, BellPlus, Pause, Pencil, Play, SearchX, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import {
  qualityOptions,
  qualityResultsOptions,
  removeCheck,
  saveCheck,
  type QualityCheck,
  type QualityStanding,
} from '../../api/quality'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Figure, Figures } from '../../parts/Figures'
import { Panel } from '../../parts/Page'
import { Empty, ErrorNote, FormError } from '../../parts/States'
import { Time } from '../../parts/Time'
import type { Range } from '../../time/range'
import { useTravel, useView } from '../../view/useView'
import { ViewBar } from '../../view/ViewBar'
import { DataPage } from '../data/DataPage'
import { CheckChart } from './CheckChart'
import { CheckForm } from './CheckForm'
import classes from './Quality.module.css'
import { Results } from './Results'
import { Verdict } from './Verdict'
import { definitionOf, everyText, kindMeanings, kindNames, lengthText, subjectText } from './words'

const week: Range = { kind: 'preset', preset: '7d' }

/** One check: what it found last, and over time. */
export default function CheckPage() {
  const { check: id = '' } = useParams()
  const view = useView()
  const range = view.range ?? week
  const { data, error, refetch } = useQuery(qualityOptions)
  const standing = data?.checks.find((s) => s.check.id === id)
  return (
    <DataPage
      title={standing?.check.name ?? 'Check'}
      lead={standing ? kindMeanings[standing.check.kind] : ' '}
      bar={standing && <ViewBar range={range} parts={['range']} />}
    >
      {error && !data ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <>
          <Skeleton height={150} radius="lg" />
          <Skeleton height={360} radius="lg" />
        </>
      ) : standing === undefined ? (
        <Panel label="Check">
          <Empty
            title="No such check"
            icon={<SearchX size={36} strokeWidth={1.4} />}
            action={
              <Button component={Link} to="/data/quality" variant="default">
                All checks
              </Button>
            }
          >
            It was removed, or it belongs to another organization.
          </Empty>
        </Panel>
      ) : (
        <>
          <Answer standing={standing} />
          <OverTime check={standing.check} range={range} />
        </>
      )}
    </DataPage>
  )
}

function Answer({ standing: { check: c, newest: r } }: { standing: QualityStanding }) {
  const { tz } = useView()
  const { role } = useMe()
  const travel = useTravel()
  return (
    <section className={classes.answer} aria-label="What was found last">
      <Link to={travel('/data/quality')} className={classes.back}>
        <ArrowLeft size={15} aria-hidden="true" /> All checks
      </Link>
      <p className={classes.headline}>
        <Verdict verdict={r?.verdict} enabled={c.enabled} size={26} />
      </p>
      <p className={classes.explanation}>
        {r?.explanation ?? (c.enabled ? 'It is made for the first time within half a minute.' : 'It was never made.')}
      </p>
      <Figures>
        <Figure name="Looks at">
          {kindNames[c.kind]}, {subjectText(c)}
        </Figure>
        {limitOf(c)}
        <Figure name="Checked">{everyText(c.interval_seconds)}</Figure>
        {r && (
          <Figure name={`Last (${tz})`}>
            <Time at={r.measured_at} zone={tz} />
          </Figure>
        )}
        {c.next_at !== null && (
          <Figure name="Next">
            <Time at={c.next_at} zone={tz} />
          </Figure>
        )}
      </Figures>
      {mayWatch(role) && <Actions check={c} />}
    </section>
  )
}

function limitOf(c: QualityCheck) {
  switch (c.kind) {
    case 'volume':
      return <Figure name="Tolerance">{c.tolerance} spreads from the median</Figure>
    case 'nulls':
      return <Figure name="May be missing in">{Math.round((c.max_share ?? 0) * 10_000) / 100}% of events</Figure>
    case 'freshness':
      return <Figure name="May be">{lengthText(c.sla_seconds ?? 0)} old</Figure>
    case 'ledger':
      return null
  }
}

function Actions({ check: c }: { check: QualityCheck }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const travel = useTravel()
  const [dialog, setDialog] = useState<'edit' | 'remove' | null>(null)
  const close = () => setDialog(null)
  const refresh = () => client.invalidateQueries({ queryKey: qualityOptions.queryKey })
  const toggle = useMutation({
    mutationFn: () => saveCheck(c.id, { ...definitionOf(c), enabled: !c.enabled }),
    onSuccess: refresh,
  })
  const remove = useMutation({
    mutationFn: () => removeCheck(c.id),
    onSuccess: async () => {
      // The list that one comes to must not show it for a moment more.
      await client.cancelQueries({ queryKey: qualityOptions.queryKey })
      client.setQueryData(
        qualityOptions.queryKey,
        (q) => q && { ...q, checks: q.checks.filter((o) => o.check.id !== c.id) },
      )
      await navigate(travel('/data/quality'))
      await refresh()
    },
  })
  return (
    <>
      <Group gap="xs" className={classes.actions}>
        <Button
          component={Link}
          to={`/alerts/new?${new URLSearchParams({ measure: 'quality', check: c.id, name: c.name }).toString()}`}
          variant="default"
          size="xs"
          leftSection={<BellPlus size={14} />}
        >
          Alert on this
        </Button>
        <Button variant="default" size="xs" leftSection={<Pencil size={14} />} onClick={() => setDialog('edit')}>
          Change
        </Button>
        <Button
          variant="default"
          size="xs"
          leftSection={c.enabled ? <Pause size={14} /> : <Play size={14} />}
          loading={toggle.isPending}
          onClick={() => toggle.mutate()}
        >
          {c.enabled ? 'Switch off' : 'Switch on'}
        </Button>
        {!c.builtin && (
          <Button variant="default" size="xs" leftSection={<Trash2 size={14} />} onClick={() => setDialog('remove')}>
            Remove
          </Button>
        )}
      </Group>
      <FormError error={toggle.error} />
      <CheckForm opened={dialog === 'edit'} onClose={close} check={c} />
      <ConfirmDelete
        opened={dialog === 'remove'}
        onClose={close}
        title="Remove the check"
        name={c.name}
        verb="Remove the check"
        onConfirm={() => remove.mutate()}
        pending={remove.isPending}
        error={remove.error}
      >
        <p>Its results go with it. Alerts that watch it will have nothing to look at. Your events stay as they are.</p>
      </ConfirmDelete>
    </>
  )
}

function OverTime({ check, range }: { check: QualityCheck; range: Range }) {
  const { tz } = useView()
  const { data: results, error, refetch } = useQuery(qualityResultsOptions(check.id, range, tz))
  if (error && !results) return <ErrorNote error={error} retry={() => void refetch()} />
  if (results === undefined) return <Skeleton height={360} radius="lg" />
  if (results.length === 0) {
    return (
      <Panel label="Over time">
        <Empty title="No result in this time">
          Each time the check is made, what it found is drawn here with what was expected. Results are kept for 400
          days.
        </Empty>
      </Panel>
    )
  }
  return (
    <>
      <CheckChart check={check} results={results} range={range} />
      <Results check={check} results={results} />
    </>
  )
}
