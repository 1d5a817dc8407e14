import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type PrivacyRequest = Schemas['PrivacyRequest']
export type PrivacyRequestDetails = Schemas['PrivacyRequestDetails']
export type PrivacyRequestState = Schemas['PrivacyRequestState']
export type PrivacyRequestType = Schemas['PrivacyRequestType']
export type PrivacyStep = Schemas['PrivacyStep']
export type PrivacyPerson = Schemas['PrivacyPerson']
export type PrivacySubject = Schemas['PrivacySubject']
export type NewPrivacyRequest = Schemas['NewPrivacyRequest']
export type SignedCertificate = Schemas['SignedCertificate']

const requestsKey = ['privacy', 'requests'] as const

const over: readonly PrivacyRequestState[] = ['completed', 'completed_with_exceptions', 'failed', 'cancelled']

/** Whether nothing happens any more. */
export const isOver = (r: Pick<PrivacyRequest, 'state'>) => over.includes(r.state)

export interface RequestsSpec {
  states?: readonly PrivacyRequestState[]
  type?: PrivacyRequestType | null
}

/** Requests about people, newest first. */
export function requestsOptions(spec: RequestsSpec) {
  return infiniteQueryOptions({
    queryKey: [...requestsKey, 'list', spec],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/privacy/requests', {
          params: {
            query: {
              limit: 50,
              ...(spec.states?.length ? { state: [...spec.states] } : {}),
              ...(spec.type ? { type: spec.type } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 5000,
  })
}

/** One request, asked again while something happens. */
export function requestOptions(id: string) {
  return queryOptions({
    queryKey: [...requestsKey, 'one', id],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/privacy/requests/{request_id}', { params: { path: { request_id: id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data && isOver(data) ? false : 2000),
  })
}

/** Whom a request is about: nobody knows any more once it is over. They are other ones once they were found out, or more were named. */
export function requestPeopleOptions({ id, resolved, subjects }: Pick<PrivacyRequest, 'id' | 'resolved' | 'subjects'>) {
  return infiniteQueryOptions({
    queryKey: [...requestsKey, 'people', id, resolved, subjects],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/privacy/requests/{request_id}/subjects', {
          params: { path: { request_id: id }, query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })
}

/** Open requests, the soonest deadline first. */
export const deadlinesOptions = queryOptions({
  queryKey: [...requestsKey, 'deadlines'],
  queryFn: ({ signal }) => ask(api.GET('/v1/privacy/deadlines', { signal })),
  refetchInterval: 10_000,
})

/** Finds who is meant and counts what there is of them. Nothing is changed. */
export function usePreview() {
  return useMutation({
    mutationFn: (subjects: PrivacySubject[]) => ask(api.POST('/v1/privacy/preview', { body: { subjects } })),
  })
}

/** Files a request. The same key again answers the request that was made. */
export function useFileRequest() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ body, key }: { body: NewPrivacyRequest; key: string }) =>
      ask(api.POST('/v1/privacy/requests', { params: { header: { 'Idempotency-Key': key } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['privacy'] }),
  })
}

export type RequestAct =
  | { act: 'approve' }
  | { act: 'name'; subjects: PrivacySubject[] }
  | { act: 'cancel' }
  | { act: 'extend'; until: string; reason: string }

/** Has a request go on, names further identifiers of its people, calls it off, or moves its deadline. */
export function useActOnRequest(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (a: RequestAct) => {
      const params = { path: { request_id: id } }
      switch (a.act) {
        case 'approve':
          return ask(api.POST('/v1/privacy/requests/{request_id}/approve', { params }))
        case 'name':
          return ask(api.POST('/v1/privacy/requests/{request_id}/approve', { params, body: { subjects: a.subjects } }))
        case 'cancel':
          return ask(api.POST('/v1/privacy/requests/{request_id}/cancel', { params }))
        case 'extend':
          return ask(
            api.POST('/v1/privacy/requests/{request_id}/extend', {
              params,
              body: { until: a.until, reason: a.reason },
            }),
          )
      }
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['privacy'] }),
  })
}

/** The certificate: it is there once a request is completed. */
export function certificateOptions(id: string) {
  return queryOptions({
    queryKey: ['privacy', 'certificate', id],
    queryFn: async ({ signal }) =>
      (await ask(
        api.GET('/v1/privacy/requests/{request_id}/certificate', {
          params: { path: { request_id: id } },
          headers: { Accept: 'application/json' },
          signal,
        }),
      )) as SignedCertificate, // and not the signed text, which is for other clients
    staleTime: Infinity,
    retry: false,
  })
}

/** What is in the file of an export, and until when it is there. */
export function exportOptions(id: string) {
  return queryOptions({
    queryKey: ['privacy', 'export', id],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/privacy/requests/{request_id}/export', { params: { path: { request_id: id } }, signal })),
    refetchInterval: 10_000,
  })
}

/** Makes a link that downloads the file once. The link before it ends. */
export function useExportLink(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () =>
      ask(api.POST('/v1/privacy/requests/{request_id}/export/link', { params: { path: { request_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: exportOptions(id).queryKey }),
  })
}

export type PrivacyForm = Schemas['PrivacyForm']
export type NewPrivacyForm = Schemas['NewPrivacyForm']
export type FormType = Schemas['FormType']

/** The public form of the organization. */
export const formOptions = queryOptions({
  queryKey: ['privacy', 'form'],
  queryFn: ({ signal }) => ask(api.GET('/v1/privacy/form', { signal })),
})

export function useSaveForm() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewPrivacyForm) => ask(api.PUT('/v1/privacy/form', { body })),
    onSuccess: (form) => client.setQueryData(formOptions.queryKey, form),
  })
}

/** What a form offers to whoever has its address. */
export function publicFormOptions(token: string) {
  return queryOptions({
    queryKey: ['public-form', token],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/privacy/forms/{form_token}', { params: { path: { form_token: token } }, signal })),
    staleTime: Infinity,
    retry: false,
  })
}

/** Has a link sent to the address of whoever asks. */
export function useFileByForm(token: string) {
  return useMutation({
    mutationFn: (body: { type: FormType; email: string }) =>
      ask(api.POST('/v1/privacy/forms/{form_token}/filings', { params: { path: { form_token: token } }, body })),
  })
}

/** Says that the address of a mail is one's own, with what the link in it carries. */
export function useConfirmFiling() {
  return useMutation({
    mutationFn: (token: string) => ask(api.POST('/v1/privacy/filings/confirm', { body: { token } })),
  })
}

export type Suppression = Schemas['Suppression']
export type SuppressionState = Schemas['SuppressionState']

/** What is suppressed, restricted or was erased, the newest change first. */
export function suppressionsOptions(state: Suppression['state'] | null) {
  return infiniteQueryOptions({
    queryKey: ['privacy', 'suppressions', state],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/privacy/suppressions', {
          params: {
            query: {
              limit: 50,
              ...(state === null ? {} : { state }),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 10_000,
  })
}

/** Tells whether somebody is suppressed. */
export function useLookUp() {
  return useMutation({
    mutationFn: async (subject: PrivacySubject) => ({
      subject,
      state: (await ask(api.POST('/v1/privacy/suppressions/lookup', { body: { subjects: [subject] } }))).states[0],
    }),
  })
}
