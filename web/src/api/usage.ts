import { queryOptions } from '@tanstack/react-query'
import { api, ask } from './client'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type UsageMonth = Schemas['UsageMonth']
export type UsageMeter = Schemas['UsageMeter']
export type UsageForecast = NonNullable<Schemas['UsageForecast']>
export type UsageHour = Schemas['UsageHour']
export type FreeUsage = Schemas['FreeUsage']
export type MeterName = Schemas['MeterName']

const usageKey = ['usage'] as const

/** What was used in a month, as in 2026-11; null is the one that runs. */
export function usageOptions(month: string | null) {
  return queryOptions({
    queryKey: [...usageKey, 'month', month],
    queryFn: ({ signal }) => ask(api.GET('/v1/usage', { params: { query: month === null ? {} : { month } }, signal })),
    refetchInterval: month === null ? 15_000 : false,
  })
}

/** The ledger of a meter on a day in UTC, as in 2026-11-21, asked for anew whenever usage was counted. */
export function usageHoursOptions(meter: MeterName, day: string, countedAt: string | null) {
  return queryOptions({
    queryKey: [...usageKey, 'hours', meter, day, countedAt],
    queryFn: ({ signal }) => {
      const from = `${day}T00:00:00.000Z`
      const to = new Date(Date.parse(from) + 86_400_000).toISOString()
      return ask(api.GET('/v1/usage/hours', { params: { query: { meter, from, to } }, signal }))
    },
  })
}

/** A sample of the events that a meter counted in an hour. */
export function usageEventsOptions(meter: MeterName, hour: string) {
  return queryOptions({
    queryKey: [...usageKey, 'events', meter, hour],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/usage/events', { params: { query: { meter, hour, limit: 20 } }, signal })),
  })
}
