import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api, ask } from '../../api/client'
import type { Me, SignUpResult } from '../../api/types'
import { useEnter } from '../../app/session'
import { FormError } from '../../parts/States'
import { newKeysKey } from '../welcome/newKeys'
import { AuthPage } from './AuthPage'
import { NewPassword } from './NewPassword'

export default function SignUp() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [organization, setOrganization] = useState('')
  const navigate = useNavigate()
  const enter = useEnter()
  const client = useQueryClient()
  const signUp = useMutation({
    mutationFn: () => ask(api.POST('/v1/signup', { body: { email, password, organization } })),
    onSuccess: (result) => {
      enter(meOf(result))
      // The keys are shown once, on the next page; they live in its memory and nowhere else.
      client.setQueryData(newKeysKey(result.tenant.id), result.api_keys)
      void navigate('/welcome')
    },
  })
  return (
    <AuthPage
      title="Sign up"
      lead="An organization, its keys, and the first event on a chart: about a minute."
      footer={
        <>
          Signed up already? <Link to="/login">Log in</Link>
        </>
      }
    >
      <form
        onSubmit={(e) => {
          e.preventDefault()
          signUp.mutate()
        }}
      >
        <TextInput
          label="Organization"
          name="organization"
          autoComplete="organization"
          required
          maxLength={120}
          value={organization}
          onChange={(e) => setOrganization(e.currentTarget.value)}
          autoFocus
        />
        <TextInput
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          maxLength={254}
          value={email}
          onChange={(e) => setEmail(e.currentTarget.value)}
        />
        <NewPassword value={password} onChange={setPassword} />
        <FormError error={signUp.error} />
        <Button type="submit" loading={signUp.isPending} fullWidth>
          Sign up
        </Button>
      </form>
    </AuthPage>
  )
}

/** Who has just signed up: the owner of the only organization. */
function meOf({ user, tenant }: SignUpResult): Me {
  return { user, tenant, role: 'owner', memberships: [{ tenant, role: 'owner' }] }
}
