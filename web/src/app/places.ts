import {
  Activity,
  Bell,
  ChartSpline,
  Database,
  Gauge,
  LayoutDashboard,
  Settings,
  ShieldUser,
  UsersRound,
  Workflow,
  type LucideIcon,
} from 'lucide-react'

export interface Place {
  path: string
  name: string
  icon: LucideIcon
}

/** The rail. */
export const places: readonly Place[] = [
  { path: '/', name: 'Overview', icon: LayoutDashboard },
  { path: '/explore', name: 'Explore', icon: ChartSpline },
  { path: '/live', name: 'Live', icon: Activity },
  { path: '/people', name: 'People', icon: UsersRound },
  { path: '/data', name: 'Data', icon: Database },
  { path: '/alerts', name: 'Alerts', icon: Bell },
  { path: '/privacy', name: 'Privacy', icon: ShieldUser },
  { path: '/usage', name: 'Usage', icon: Gauge },
  { path: '/work', name: 'Work', icon: Workflow },
  { path: '/settings', name: 'Settings', icon: Settings },
]

export const dataPages = [
  ['/data/catalog', 'Catalog'],
  ['/data/schemas', 'Schemas'],
  ['/data/contract', 'Contract'],
  ['/data/redaction', 'Redaction'],
  ['/data/enrichment', 'Enrichment'],
  ['/data/quality', 'Quality'],
  ['/data/quarantine', 'Quarantine'],
  ['/data/delivery', 'Delivery'],
  ['/data/receipts', 'Receipts'],
] as const

export const alertPages = [
  ['/alerts', 'Incidents'],
  ['/alerts/rules', 'Rules'],
  ['/alerts/silences', 'Silences'],
  ['/alerts/escalation', 'Escalation'],
  ['/alerts/channels', 'Channels'],
  ['/alerts/messages', 'Messages'],
] as const

export const privacyPages = [
  ['/privacy', 'Requests'],
  ['/privacy/deadlines', 'Deadlines'],
  ['/privacy/suppressions', 'Suppressions'],
  ['/privacy/retention', 'Retention'],
  ['/privacy/unused', 'Unused data'],
  ['/privacy/archive', 'Archive'],
  ['/privacy/form', 'Public form'],
] as const

export const usagePages = [
  ['/usage', 'Usage'],
  ['/usage/plan', 'Plan'],
  ['/usage/invoices', 'Invoices'],
  ['/usage/quota', 'Quota'],
  ['/usage/payment', 'Payment'],
  ['/usage/check', 'Check'],
] as const

export const explorePages = [
  ['/explore', 'Trends'],
  ['/explore/events', 'Events'],
] as const

export const workPages = [
  ['/work/pipeline', 'Pipeline'],
  ['/work/runs', 'Run history'],
  ['/work/durations', 'Durations'],
  ['/work/failed', 'Failed'],
] as const

export const settingsPages = [
  ['/settings/organization', 'Organization'],
  ['/settings/sources', 'Sources and keys'],
  ['/settings/members', 'Members'],
  ['/settings/audit', 'Audit log'],
  ['/settings/account', 'Your account'],
] as const
