import type { OperatorCost, OperatorTenant } from '../../api/operator'

type Standing = OperatorTenant['standing']

export const standings: Record<Standing, string> = {
  ok: 'In good standing',
  past_due: 'Past due',
  restricted: 'Restricted',
  suspended: 'Suspended',
}

export const costKinds: Record<OperatorCost['parts'][number]['kind'], string> = {
  query_time: 'Questions',
  job_time: 'Jobs',
  egress: 'Answers sent',
  storage: 'Storage',
  events: 'Events stored',
}

/** How many units there are, as in 12.5 of GB. What is next to nothing is said to be so. */
export function units(quantity: number, perUnit: number): string {
  const least = 0.001
  if (quantity > 0 && quantity / perUnit < least) return `under ${least}`
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(quantity / perUnit)
}

/** What a meter came to; 0 where it is not there. */
export function used(tenant: OperatorTenant, meter: string): number {
  return tenant.used.find((u) => u.meter === meter)?.quantity ?? 0
}

/** How a tenant's plan is called, with what is special about it. */
export function planOf(tenant: OperatorTenant): string {
  const trial = tenant.trial_until !== undefined && Date.parse(tenant.trial_until) > Date.now()
  return [tenant.title, tenant.interval === 'year' ? 'by the year' : '', trial ? 'trial' : '']
    .filter(Boolean)
    .join(', ')
}
