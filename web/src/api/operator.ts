import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'
import { isApiError } from './errors'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type OperatorMonth = Schemas['OperatorMonth']
export type OperatorTenant = Schemas['OperatorTenant']
export type OperatorTenantDetail = Schemas['OperatorTenantDetail']
export type OperatorPlan = Schemas['OperatorPlan']
export type OperatorCost = Schemas['OperatorCost']
export type OperatorInvoice = Schemas['OperatorInvoice']

/** The operator's token is sent with each call, and is none of the session's business. */
function as(token: string) {
  return token === '' ? {} : { Authorization: `Bearer ${token}` }
}

/** Null where the installation does not let one in with this token. */
async function unlessRefused<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (error) {
    if (isApiError(error) && error.status === 401) return null
    throw error
  }
}

/** All tenants in a month; null is the one that runs. */
export function operatorMonthOptions(token: string, month: string | null, search: string) {
  const query = { ...(month === null ? {} : { month }), ...(search === '' ? {} : { search }) }
  return queryOptions({
    queryKey: ['operator', token, 'tenants', month, search],
    queryFn: ({ signal }) =>
      unlessRefused(ask(api.GET('/v1/operator/tenants', { params: { query }, headers: as(token), signal }))),
    placeholderData: keepPreviousData,
  })
}

/** One tenant in a month. */
export function operatorTenantOptions(token: string, tenant: string, month: string | null) {
  const params = { path: { tenant_id: tenant }, query: month === null ? {} : { month } }
  return queryOptions({
    queryKey: ['operator', token, 'tenant', tenant, month],
    queryFn: ({ signal }) =>
      unlessRefused(ask(api.GET('/v1/operator/tenants/{tenant_id}', { params, headers: as(token), signal }))),
    placeholderData: keepPreviousData,
  })
}

export type OperatorAct =
  | { do: 'plan'; body: { plan: string; interval: 'month' | 'year'; next_month?: boolean; reason: string } }
  | { do: 'credit'; body: { currency: string; amount: number; reason: string } }
  | { do: 'mark'; invoice: string; state: 'paid' | 'uncollectible' | 'void' }
  | { do: 'suspend'; body: { name: string; reason: string } }
  | { do: 'resume'; body: { reason: string } }

function perform(token: string, tenant: string, act: OperatorAct): Promise<OperatorTenantDetail> {
  const path = { tenant_id: tenant }
  const headers = as(token)
  switch (act.do) {
    case 'plan':
      return ask(
        api.PUT('/v1/operator/tenants/{tenant_id}/subscription', { params: { path }, headers, body: act.body }),
      )
    case 'credit':
      return ask(api.POST('/v1/operator/tenants/{tenant_id}/credits', { params: { path }, headers, body: act.body }))
    case 'mark':
      return ask(
        api.PUT('/v1/operator/tenants/{tenant_id}/invoices/{invoice_id}/state', {
          params: { path: { ...path, invoice_id: act.invoice } },
          headers,
          body: { state: act.state },
        }),
      )
    case 'suspend':
      return ask(api.PUT('/v1/operator/tenants/{tenant_id}/suspension', { params: { path }, headers, body: act.body }))
    case 'resume':
      return ask(api.POST('/v1/operator/tenants/{tenant_id}/resumption', { params: { path }, headers, body: act.body }))
  }
}

/** Does something about a tenant. */
export function useOperatorAct(token: string, tenant: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (act: OperatorAct) => perform(token, tenant, act),
    onSuccess: () => client.invalidateQueries({ queryKey: ['operator', token] }),
  })
}
