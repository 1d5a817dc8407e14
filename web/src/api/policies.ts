import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'
import type { Policy, PolicyKind, RehearsalReport } from './types'

/** The policy of a kind that is in force. */
export function policyOptions(kind: PolicyKind) {
  return queryOptions({
    queryKey: ['policy', kind],
    queryFn: ({ signal }) => ask(api.GET('/v1/policies/{kind}', { params: { path: { kind } }, signal })),
  })
}

/** Every version of a kind, newest first, and the default policy that was in force before them. */
export function policyHistoryOptions(kind: PolicyKind) {
  return queryOptions({
    queryKey: ['policy', kind, 'versions'],
    queryFn: ({ signal }) => ask(api.GET('/v1/policies/{kind}/versions', { params: { path: { kind } }, signal })),
  })
}

/** Every version of a kind, newest first. */
export function policyVersionsOptions(kind: PolicyKind) {
  return { ...policyHistoryOptions(kind), select: (history: { versions: Policy[] }) => history.versions }
}

/** Puts a policy into force. The answer is `policy_changed` where somebody else has published one meanwhile. */
export function usePublishPolicy(kind: PolicyKind) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ document, note, base }: { document: object; note: string; base: number }): Promise<Policy> =>
      ask(
        api.PUT('/v1/policies/{kind}', {
          params: { path: { kind } },
          body: { document: { ...document }, note, base_version: base },
        }),
      ),
    onSuccess: (policy) => {
      client.setQueryData(policyOptions(kind).queryKey, policy)
      return client.invalidateQueries({ queryKey: ['policy', kind] })
    },
  })
}

/** What a policy would make of the newest stored events, of one name or of all. Nothing is changed. */
export function rehearsePolicy(
  kind: PolicyKind,
  document: object,
  last: number,
  event?: string,
): Promise<RehearsalReport> {
  return ask(
    api.POST('/v1/policies/{kind}/rehearsal', {
      params: { path: { kind } },
      body: { document: { ...document }, last, ...(event === undefined ? {} : { event }) },
    }),
  )
}
