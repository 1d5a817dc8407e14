import { describe, expect, it } from 'vitest'
import type { Alert } from '../../api/alerts'
import { draftOf, lacksOnlyBound, missing, newDraft, toRule, unbound } from './draft'

const rule = (change: Partial<Alert>): Alert => ({
  id: 'r',
  name: 'Few purchases',
  measure: { kind: 'trend', measure: 'count', event: 'purchase', window_seconds: 3600 },
  condition: { kind: 'threshold', direction: 'below', value: 10 },
  interval_seconds: 300,
  for_seconds: 600,
  delay_seconds: 60,
  no_data: 'ok',
  severity: 'critical',
  group: 'shop',
  escalation_id: null,
  labels: {},
  enabled: true,
  state: 'ok',
  since: '2026-11-21T00:00:00Z',
  flapping: false,
  incident_id: null,
  next_evaluation_at: null,
  last_evaluation: {
    tick: '2026-11-21T00:00:00Z',
    value: 12,
    previous: null,
    expected_low: null,
    expected_high: null,
    state: 'ok',
    note: '',
    missed: 0,
    evaluated_at: '2026-11-21T00:01:00Z',
  },
  created_at: '2026-11-21T00:00:00Z',
  created_by: 'ada',
  updated_at: '2026-11-21T00:00:00Z',
  updated_by: 'ada',
  ...change,
})

describe('a rule that is edited', () => {
  it.each<[string, Partial<Alert>]>([
    ['a threshold', {}],
    [
      'a share, in percent on the form',
      {
        measure: { kind: 'quarantine_rate', window_seconds: 3600 },
        condition: { kind: 'threshold', direction: 'above', value: 0.07 },
      },
    ],
    [
      'freshness, in minutes on the form',
      { measure: { kind: 'freshness' }, condition: { kind: 'threshold', direction: 'above', value: 1800 } },
    ],
    ['a change', { condition: { kind: 'change', direction: 'either', value: 30, against: 'week' } }],
    ['an anomaly', { condition: { kind: 'anomaly', direction: 'below', deviations: 4 } }],
    ['no data', { condition: { kind: 'no_data' } }],
    [
      'a ratio',
      {
        measure: { kind: 'ratio', event: 'error', of_event: 'page_view', window_seconds: 600 },
        condition: { kind: 'threshold', direction: 'above', value: 0.05 },
      },
    ],
  ])('is the same when nothing was changed: %s', (_, change) => {
    const before = rule(change)
    const after = toRule(draftOf(before), before.name)
    expect(after.measure).toEqual(before.measure)
    expect(after.condition).toEqual(before.condition)
    expect(after.interval_seconds).toBe(before.interval_seconds)
    expect(after.for_seconds).toBe(before.for_seconds)
    expect(after.delay_seconds).toBe(before.delay_seconds)
  })

  it('shows values while only the bound is missing', () => {
    const draft = newDraft(new URLSearchParams())
    expect(lacksOnlyBound(draft)).toBe(true)
    expect(toRule(unbound(draft), 'x').condition).toEqual({ kind: 'no_data' })
    expect(lacksOnlyBound({ ...draft, value: 3 })).toBe(false)
    expect(lacksOnlyBound({ ...draft, measure: 'sum' })).toBe(false)
  })

  it('says what is missing', () => {
    expect(missing(newDraft(new URLSearchParams()))).toMatch(/bound/)
    expect(missing({ ...newDraft(new URLSearchParams()), value: 0 })).toBeNull()
    expect(missing({ ...newDraft(new URLSearchParams()), measure: 'sum', value: 1 })).toMatch(/property/)
    expect(missing(newDraft(new URLSearchParams('measure=quality')))).toMatch(/quality check/)
    expect(missing(newDraft(new URLSearchParams('measure=quality&check=c')))).toBeNull()
  })
})
