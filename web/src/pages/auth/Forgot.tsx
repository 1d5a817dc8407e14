import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, ask } from '../../api/client'
import { FormError } from '../../parts/States'
import { AuthPage } from './AuthPage'

export default function Forgot() {
  const [email, setEmail] = useState('')
  const request = useMutation({ mutationFn: () => ask(api.POST('/v1/password-resets', { body: { email } })) })
  const footer = <Link to="/login">Back to the login</Link>
  if (request.isSuccess) {
    return (
      <AuthPage title="Look into your mail" footer={footer}>
        <p role="status">
          If <strong>{email}</strong> has an account, a mail with a link is on its way. The link can be used once.
        </p>
      </AuthPage>
    )
  }
  return (
    <AuthPage title="Set a new password" lead="You get a mail with a link to choose another one." footer={footer}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          request.mutate()
        }}
      >
        <TextInput
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          value={email}
          onChange={(e) => setEmail(e.currentTarget.value)}
          autoFocus
        />
        <FormError error={request.error} />
        <Button type="submit" loading={request.isPending} fullWidth>
          Send the link
        </Button>
      </form>
    </AuthPage>
  )
}
