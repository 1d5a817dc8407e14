import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'

/** What rules can detect, with how well they do it. It comes with the server and does not change while it runs. */
export const detectorsOptions = queryOptions({
  queryKey: ['detectors'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/redaction/detectors', { signal }))).detectors,
  staleTime: Infinity,
})

/** The versions of the secret, newest first. The secret itself is shown to nobody. */
export const secretsOptions = queryOptions({
  queryKey: ['redaction-secrets'],
  queryFn: async ({ signal }) => (await ask(api.GET('/v1/redaction/secrets', { signal }))).versions,
})

/** Replaces the secret that pseudonyms and tokens are made with. */
export function useReplaceSecret() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => ask(api.POST('/v1/redaction/secrets')),
    onSettled: () => client.invalidateQueries({ queryKey: secretsOptions.queryKey }),
  })
}

/** What tokens stand for, in their order. Each call stands in the audit log. */
export function useReveal() {
  return useMutation({
    mutationFn: async (tokens: string[]) =>
      (await ask(api.POST('/v1/redaction/reveal', { body: { tokens } }))).values.map((v, i) => ({
        ...v,
        token: tokens[i] ?? '',
      })),
    // What was revealed is kept no longer than it is shown.
    gcTime: 0,
  })
}
