import {
  isOver,
  type PrivacyPerson,
  type PrivacyRequest,
  type PrivacyRequestState,
  type PrivacyRequestType,
  type PrivacyStep,
} from '../../api/privacy'
import { plural } from '../../numbers/format'
import { formatDuration } from '../../time/format'
import type { Named } from './subjects'

export const typeNames: Record<PrivacyRequestType, string> = {
  erase: 'Erase',
  export: 'Export',
  suppress: 'Suppress',
  unsuppress: 'Unsuppress',
  restrict: 'Restrict',
  offboard: 'Off-board',
}

/** What can be asked for, and what it does to people's data. */
export const typeWords: Record<Exclude<PrivacyRequestType, 'offboard'>, string> = {
  erase: 'Everything about them goes, from every place it is kept in. You get a signed certificate of it.',
  export: 'One file with everything there is about them, to hand on to them. Nothing is deleted.',
  restrict: 'What there is about them is kept, and nobody sees or uses it, until you end that. So is what comes.',
  suppress: 'Nothing new about them is stored. What is there stays.',
  unsuppress: 'Ends a suppression or restriction. What was erased does not come back: they start empty.',
}

const nouns: Record<PrivacyRequestType, string> = {
  erase: 'Erasure',
  export: 'Export',
  suppress: 'Suppression',
  unsuppress: 'End of suppression',
  restrict: 'Restriction',
  offboard: 'Off-boarding',
}

/** "Erasure of 3 people" */
export function requestTitle(r: Pick<PrivacyRequest, 'type' | 'subjects'>): string {
  return r.type === 'offboard' ? 'Off-boarding' : `${nouns[r.type]} of ${plural(r.subjects, 'person', 'people')}`
}

export const stateNames: Record<PrivacyRequestState, string> = {
  received: 'Received',
  verified: 'Verified',
  suppressed: 'Suppressed',
  barrier: 'Barrier',
  deleting: 'Deleting',
  verifying: 'Verifying',
  completed: 'Completed',
  completed_with_exceptions: 'Completed with exceptions',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

export const originNames: Record<PrivacyRequest['origin'], string> = {
  member: 'by a member or an API key',
  form: 'through the public form',
  segment: 'through the interface for Segment tools',
}

/** What a step of the way means, for somebody who has never heard of it. */
export function stepWords(r: Pick<PrivacyRequest, 'state' | 'type' | 'resolved'>): { now: string; why: string } {
  const { state, type } = r
  const whole = type === 'offboard'
  switch (state) {
    case 'received':
      return {
        now: 'Waiting until the address is verified',
        why: 'It came through the public form. Whoever filed it follows a link in a mail first, so that nobody files for somebody else.',
      }
    case 'verified':
      if (r.resolved && type === 'export') {
        return { now: 'Writing the file', why: 'Each place that holds something of them is read, one after the other.' }
      }
      return {
        now: whole ? 'About to begin' : 'Finding everybody who is meant',
        why: 'People go by many IDs: an account, a phone, two browsers. We look for every one of them first, so that nothing is missed.',
      }
    case 'suppressed':
      return {
        now: 'Closing the door',
        why: 'Every server is told to store nothing new of them. Only once all of them do can deleting be final.',
      }
    case 'barrier':
      return {
        now: 'Letting what is on its way arrive',
        why: 'Events that came before the door closed may still be waiting in a server, on their way to the store. Were we to delete now, they would arrive afterwards. So each server says how far it had read, and we wait until all before that point (the barrier) is stored.',
      }
    case 'deleting':
      return type === 'restrict'
        ? {
            now: 'Setting their data aside',
            why: 'Each place that holds something of them is gone through, one after the other.',
          }
        : {
            now: 'Emptying one place after the other',
            why: 'In each place it becomes invisible at once. To be gone from the disk takes longer: files hold many people, and are written anew without these. That is done for many requests together. Sums and counts that they were part of are computed again.',
          }
    case 'verifying':
      return {
        now: 'Looking again',
        why: 'Each place is searched once more, and its files on the disk are looked at. It counts as done only when nothing is found.',
      }
    case 'completed':
      return { now: endWords[type], why: '' }
    case 'completed_with_exceptions':
      return {
        now: 'Done, with exceptions',
        why: 'Some place could not be reached or emptied. The certificate names it, and so does the list below.',
      }
    case 'failed':
      return { now: 'It failed', why: 'What was done until then stays done. File it again, and it goes on from there.' }
    case 'cancelled':
      return { now: 'Called off', why: 'Nothing was deleted. What it had suppressed is let in again.' }
  }
}

const endWords: Record<PrivacyRequestType, string> = {
  erase: 'Gone from every place',
  export: 'The file is ready',
  suppress: 'Nothing new of them is stored',
  unsuppress: 'Their events are stored again',
  restrict: 'Their data is set aside',
  offboard: 'Everything is gone',
}

/** Whether nothing happens until somebody approves it: it is known by then who is meant. */
export const waitsForApproval = (r: Pick<PrivacyRequest, 'needs_approval' | 'resolved' | 'state'>): boolean =>
  r.needs_approval && r.resolved && !isOver(r)

/** The steps of the way of a request, its end left out. */
export function wayOf(type: PrivacyRequestType): PrivacyRequestState[] {
  switch (type) {
    case 'erase':
    case 'restrict':
    case 'offboard':
      return ['verified', 'suppressed', 'barrier', 'deleting', 'verifying']
    case 'export':
      return ['verified']
    case 'suppress':
    case 'unsuppress':
      return ['verified', 'suppressed']
  }
}

/** What a place is called, and what is kept there. A place that is not here is called by its own name. */
const copyWords: Record<string, readonly [name: string, what: string]> = {
  export: ['The file', 'Everything there is of them'],
  release: ['What was held', 'It is stored again'],
  events: ['Events', 'What charts and lists are made of'],
  quarantine: ['Quarantine', 'Events that broke a rule and were set aside'],
  'held-events': ['Held events', 'Events that wait to be let in'],
  rollups: ['Rollups', 'Sums and counts, computed anew without these people'],
  profiles: ['Profiles', 'Which IDs belong to one person, and their traits'],
  archive: ['Archive', 'Files for the long run, in object storage'],
  exports: ['Exports', 'Files of earlier exports'],
  jobs: ['Jobs', 'What background work has noted'],
  replays: ['Replays', 'What replays of events have noted'],
  alerts: ['Alerts', 'Incidents, messages and what they quote'],
  mail: ['Mail', 'Mails that wait to be sent'],
  receipts: ['Receipts', 'What became of each event that was sent'],
  caches: ['Caches', 'What servers keep in memory for speed'],
  'server-logs': ['Server logs', 'They hold nothing about people'],
  traces: ['Traces', 'They hold nothing about people'],
  backups: ['Backups', 'They run out by themselves; before one is used again, the erasure is done to it'],
  billing: ['Billing', 'Counts only, nothing about people'],
}

export function copyName(copy: string): string {
  const words = copyWords[copy]
  if (words) return words[0]
  const text = copy.replaceAll('-', ' ').replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export const copyWhat = (copy: string): string => copyWords[copy]?.[1] ?? ''

/** Whether what places hold is counted, before and after. */
export const isCounted = (type: PrivacyRequestType): boolean =>
  type === 'erase' || type === 'restrict' || type === 'offboard'

/** How far a place is, in words. */
export function placeState(step: Pick<PrivacyStep, 'state' | 'before'>, type: PrivacyRequestType): string {
  switch (step.state) {
    case 'waiting':
      return 'Its turn comes'
    case 'counted':
      return 'Counted'
    case 'erased':
      return type === 'restrict' ? 'Set aside' : 'Invisible, being removed from the disk'
    case 'clear':
      return step.before === 0 && isCounted(type) ? 'Nothing was there' : 'Done'
    case 'failed':
      return 'Not done'
  }
}

/** "in 12 days" or "3 days overdue": how a deadline stands, and whether it is less than a week away. */
export function deadlineWords(deadline: string, now = new Date()): { text: string; late: boolean; soon: boolean } {
  const seconds = Math.round((Date.parse(deadline) - now.getTime()) / 1000)
  if (seconds < 0) return { text: `${formatDuration(-seconds)} overdue`, late: true, soon: false }
  return { text: `in ${formatDuration(seconds)}`, late: false, soon: seconds < 7 * 86_400 }
}

/** A person as the API takes it. */
export function toSubject({ kind, path, value }: Named): PrivacyPerson['given'] {
  return kind === 'property' ? { property: path, value } : { [kind]: value }
}

/** By what somebody was named, and the name itself. */
export function givenWords(given: PrivacyPerson['given']): readonly [by: string, value: string] {
  if (given.user_id !== undefined) return ['User ID', given.user_id]
  if (given.anonymous_id !== undefined) return ['Anonymous ID', given.anonymous_id]
  if (given.email !== undefined) return ['E-mail address', given.email]
  return [given.property ?? 'Property', given.value ?? '']
}
