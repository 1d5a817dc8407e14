import { Button, PasswordInput, Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { api, ask } from '../../api/client'
import { roleNames } from '../../app/roles'
import { useEnter } from '../../app/session'
import { ErrorNote, FormError } from '../../parts/States'
import { AuthPage } from './AuthPage'
import { NewPassword } from './NewPassword'

export default function Invite() {
  const [params] = useSearchParams()
  const token = params.get('token') ?? ''
  const [password, setPassword] = useState('')
  const navigate = useNavigate()
  const enter = useEnter()
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => ask(api.POST('/v1/invitations/preview', { body: { token }, signal })),
    enabled: token !== '',
    staleTime: Infinity,
  })
  const accept = useMutation({
    mutationFn: () => ask(api.POST('/v1/invitations/accept', { body: { token, password } })),
    onSuccess: (me) => {
      enter(me)
      void navigate('/')
    },
  })
  if (token === '' || invitation.error) {
    return (
      <AuthPage title="This invitation cannot be used" footer={<Link to="/login">To the login</Link>}>
        {invitation.error ? (
          <ErrorNote
            error={invitation.error}
            meaning="Ask whoever invited you for a new invitation."
            retry={() => void invitation.refetch()}
          />
        ) : (
          <p>The link is not complete. Open it again from the mail, or copy all of it.</p>
        )}
      </AuthPage>
    )
  }
  const given = invitation.data
  if (given === undefined) {
    return (
      <AuthPage title="Your invitation">
        <Skeleton height={180} mt="lg" radius="md" />
      </AuthPage>
    )
  }
  return (
    <AuthPage
      title={`Join ${given.organization}`}
      lead={
        <>
          <strong>{given.email}</strong> is invited. The role: {roleNames[given.role]}.
        </>
      }
    >
      <form
        onSubmit={(e) => {
          e.preventDefault()
          accept.mutate()
        }}
      >
        <input type="hidden" name="email" autoComplete="username" value={given.email} readOnly />
        {given.has_account ? (
          <PasswordInput
            label="Your password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
          />
        ) : (
          <NewPassword label="Choose a password" value={password} onChange={setPassword} />
        )}
        <FormError error={accept.error} />
        <Button type="submit" loading={accept.isPending} fullWidth>
          Join
        </Button>
      </form>
    </AuthPage>
  )
}
