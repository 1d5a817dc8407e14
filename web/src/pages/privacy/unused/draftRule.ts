import type { QueryClient } from '@tanstack/react-query'
import { policyOptions } from '../../../api/policies'
import type { MinimisationProperty } from '../../../api/lifecycle'
import { keepDraft, keptDraft } from '../../../policy/useDraft'
import type { Rule } from '../../redaction/rule'
import { freeName, redaction, withRule } from '../../redaction/rules'
import { retention, withProperty, type PropertyRule } from '../retention/retention'

/**
 * Adds the rule to the unpublished changes of the policy that it belongs to, and returns the path of the page on which they are looked over and
 * published. Changes that were begun there are kept.
 */
export async function draftWithRule(
  client: QueryClient,
  tenant: string,
  action: MinimisationProperty['action'],
  rule: Record<string, unknown>,
): Promise<string> {
  if (action === 'redact') {
    const policy = await client.query(policyOptions('redaction'))
    const begun = keptDraft(redaction, tenant)
    const document = begun?.document ?? redaction.read(policy)
    const wanted = rule as unknown as Rule
    const there = document.rules.some((r) => r.path !== undefined && r.path === wanted.path)
    if (!there) {
      const named = { ...wanted, name: freeName(document, wanted.name) }
      keepDraft(redaction, tenant, begun?.base ?? policy.version, withRule(document, null, named))
    }
    return '/data/redaction'
  }
  const policy = await client.query(policyOptions('retention'))
  const begun = keptDraft(retention, tenant)
  const document = begun?.document ?? retention.read(policy)
  const wanted = { event: '', ...rule } as PropertyRule
  keepDraft(retention, tenant, begun?.base ?? policy.version, withProperty(document, wanted))
  return '/privacy/retention'
}
