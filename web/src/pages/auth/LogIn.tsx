import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, Navigate, useNavigate, useSearchParams } from 'react-router'
import { api, ask } from '../../api/client'
import { useEnter, useSession } from '../../app/session'
import { FormError } from '../../parts/States'
import { AuthPage } from './AuthPage'
import { nextPath } from './next'

export default function LogIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [params] = useSearchParams()
  const navigate = useNavigate()
  const enter = useEnter()
  const session = useSession()
  const logIn = useMutation({
    mutationFn: () => ask(api.POST('/v1/login', { body: { email, password } })),
    onSuccess: (me) => {
      enter(me)
      void navigate(nextPath(params))
    },
  })
  if (session.data) return <Navigate to={nextPath(params)} replace />
  return (
    <AuthPage
      title="Log in"
      footer={
        <>
          New here? <Link to="/signup">Sign up</Link>
        </>
      }
    >
      <form
        onSubmit={(e) => {
          e.preventDefault()
          logIn.mutate()
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
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
        />
        <FormError error={logIn.error} />
        <Button type="submit" loading={logIn.isPending} fullWidth>
          Log in
        </Button>
        <Link to="/forgot">Forgot your password?</Link>
      </form>
    </AuthPage>
  )
}
