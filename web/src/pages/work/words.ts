import type { Job, JobOutcome, JobQueue, JobState, PipelineStage, StageName } from '../../api/jobs'
import { formatShort } from '../../numbers/format'

export const stageNames: Record<StageName, string> = {
  accept: 'Accept',
  log: 'Log',
  sink: 'Sink',
  store: 'Store',
  rollups: 'Rollups',
  alerts: 'Alerts',
  quarantine: 'Quarantine',
  replay: 'Replays',
  urgent: 'Urgent jobs',
  default: 'Default jobs',
  bulk: 'Bulk jobs',
}

export const stageMeanings: Record<StageName, string> = {
  accept: 'Takes your events',
  log: 'Keeps them safe on disk',
  sink: 'Carries them into the store',
  store: 'Answers questions',
  rollups: 'Keeps hours added up',
  alerts: 'Looks after your rules',
  quarantine: 'Events that broke a rule',
  replay: 'Puts them right',
  urgent: 'Somebody waits for them',
  default: 'Every day’s work',
  bulk: 'Long work, in slices',
}

/** Where one sees what is in a stage. */
export const stagePlaces: Partial<Record<StageName, string>> = {
  accept: '/live',
  log: '/data/delivery',
  sink: '/data/delivery',
  store: '/explore',
  quarantine: '/data/quarantine',
  replay: '/data/quarantine/replays',
  rollups: '/work/runs?kind=rollups:recompute',
  alerts: '/alerts',
  urgent: '/work/runs?queue=urgent',
  default: '/work/runs?queue=default',
  bulk: '/work/runs?queue=bulk',
}

/** How much waits, in words: "1 job", "12 events". */
export const waitingOf = (depth: number, unit: PipelineStage['unit']): string =>
  `${formatShort(depth)} ${depth === 1 ? unit.slice(0, -1) : unit}`

export const healthNames: Record<PipelineStage['health'], string> = { ok: 'Well', slow: 'Slow', stuck: 'Stuck' }

const kindNames: Record<string, string> = {
  'rollups:recompute': 'Recompute rollups',
  'rollups:catch-up': 'Catch up with rollups',
  'rollups:compare': 'Compare rollups with events',
  'rollups:backfill': 'Fill rollups of the past',
  'quality:check': 'Check data quality',
  'alerts:evaluate': 'Evaluate alerts',
  'people:stitch': 'Stitch people together',
}

/** What a kind of job does, in words; a kind that is newer than this page is told as it is. */
export const kindName = (kind: string): string => kindNames[kind] ?? kind

/** A kind that has words is named beside them, for it is what the API calls it. */
export const kindHasWords = (kind: string): boolean => kind in kindNames

export const queueNames: Record<JobQueue, string> = { urgent: 'Urgent', default: 'Default', bulk: 'Bulk' }

export const stateNames: Record<JobState, string> = {
  waiting: 'Waiting',
  running: 'Running',
  paused: 'Paused',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

/** Where a job stands, in a sentence. */
export function stateMeaning(j: Job): string {
  switch (j.state) {
    case 'waiting':
      if (j.failures > 0) {
        return `It is tried again by itself. ${j.failures === 1 ? 'One attempt has failed' : `${j.failures} attempts in a row have failed`}; it may be ${j.max_attempts}.`
      }
      return j.attempts > 0
        ? 'It goes on from where it was, as soon as a worker has room for it.'
        : 'It runs as soon as a worker has room for it.'
    case 'running':
      if (j.wanted === 'pause') return 'It is asked to rest, and does within seconds.'
      if (j.wanted === 'cancel') return 'It is asked to end, and does within seconds.'
      return 'It goes on by itself, whether or not anybody looks.'
    case 'paused':
      return 'It rests until it is resumed. What it did stays so.'
    case 'done':
      return 'It did what it was made for.'
    case 'failed':
      return 'It is not tried again by itself. What it did stays so; trying it again does nothing twice.'
    case 'cancelled':
      return 'It was ended early. What it did stays so.'
  }
}

export const outcomeNames: Record<JobOutcome, string> = {
  running: 'Running',
  ok: 'Done',
  failed: 'Failed',
  lost: 'Worker lost',
  yielded: 'Slice done',
  interrupted: 'Interrupted',
  paused: 'Paused',
  cancelled: 'Cancelled',
}

export const outcomeMeanings: Record<JobOutcome, string> = {
  running: 'Under way.',
  ok: 'It did what it was made for.',
  failed: 'It could not do what it was made for.',
  lost: 'Its worker was not heard of any more. Another takes over.',
  yielded: 'There was more to do: it went behind the jobs of others.',
  interrupted: 'Its worker was asked to end. Another takes over.',
  paused: 'Somebody let it rest.',
  cancelled: 'Somebody ended it.',
}

/** What colour tells of an attempt: done, under way, wrong, or neither. */
export type Tone = 'good' | 'now' | 'wrong' | 'quiet'

export function toneOf(outcome: JobOutcome): Tone {
  switch (outcome) {
    case 'ok':
    case 'yielded':
      return 'good'
    case 'running':
      return 'now'
    case 'failed':
    case 'lost':
      return 'wrong'
    case 'interrupted':
    case 'paused':
    case 'cancelled':
      return 'quiet'
  }
}
