import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, ask } from '../../api/client'
import { FormError } from '../../parts/States'
import { AuthPage } from './AuthPage'
import { NewPassword } from './NewPassword'

export default function Reset() {
  const [params] = useSearchParams()
  const token = params.get('token') ?? ''
  const [password, setPassword] = useState('')
  const reset = useMutation({
    mutationFn: () => ask(api.POST('/v1/password-resets/confirm', { body: { token, password } })),
  })
  if (reset.isSuccess) {
    return (
      <AuthPage title="The new password is set" footer={<Link to="/login">Log in</Link>}>
        <p role="status">Wherever you were logged in, you are logged out now.</p>
      </AuthPage>
    )
  }
  if (token === '') {
    return (
      <AuthPage title="This link is not complete" footer={<Link to="/forgot">Ask for a new link</Link>}>
        <p>Open it again from the mail, or copy all of it.</p>
      </AuthPage>
    )
  }
  return (
    <AuthPage title="Set a new password" footer={<Link to="/forgot">Ask for a new link</Link>}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          reset.mutate()
        }}
      >
        <NewPassword label="New password" value={password} onChange={setPassword} />
        <FormError error={reset.error} />
        <Button type="submit" loading={reset.isPending} fullWidth>
          Set the password
        </Button>
      </form>
    </AuthPage>
  )
}
