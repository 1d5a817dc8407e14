import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import { api, ask } from '../../api/client'
import { meKey } from '../../app/session'
import { FormError } from '../../parts/States'
import { AuthPage } from './AuthPage'

/** Verifies on a click and not by itself: scanners of mail open links too. */
export default function Verify() {
  const [params] = useSearchParams()
  const token = params.get('token') ?? ''
  const client = useQueryClient()
  const verify = useMutation({
    mutationFn: () => ask(api.POST('/v1/email-verifications/confirm', { body: { token } })),
    onSuccess: () => client.invalidateQueries({ queryKey: meKey }),
  })
  const footer = <Link to="/">To the dashboard</Link>
  if (verify.isSuccess) {
    return (
      <AuthPage title="Your e-mail address is verified" footer={footer}>
        <p role="status">Nothing else is needed.</p>
      </AuthPage>
    )
  }
  if (token === '') {
    return (
      <AuthPage title="This link is not complete" footer={footer}>
        <p>Open it again from the mail, or copy all of it.</p>
      </AuthPage>
    )
  }
  return (
    <AuthPage title="Verify your e-mail address" footer={footer}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          verify.mutate()
        }}
      >
        <FormError error={verify.error} />
        <Button type="submit" loading={verify.isPending} fullWidth>
          Verify
        </Button>
      </form>
    </AuthPage>
  )
}
