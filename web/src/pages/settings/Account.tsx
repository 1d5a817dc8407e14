import { Button, PasswordInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { roleNames } from '../../app/roles'
import { useMe } from '../../app/session'
import { useLogOut } from '../../app/useAccount'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { FormError } from '../../parts/States'
import { formatDay } from '../../time/format'
import { useView } from '../../view/useView'
import { NewPassword } from '../auth/NewPassword'
import { SettingsPage } from './SettingsPage'
import classes from './Settings.module.css'

/** Oneself: address and password. */
export default function Account() {
  const me = useMe()
  const { tz } = useView()
  const logOut = useLogOut()
  return (
    <SettingsPage
      title="Your account"
      lead="It is the same in every organization that you belong to."
      actions={
        <Button variant="default" onClick={() => logOut.mutate()} loading={logOut.isPending}>
          Log out
        </Button>
      }
    >
      <div className={classes.narrow}>
        <Panel label="You">
          <Facts
            facts={[
              ['E-mail', me.user.email],
              ['Verified', me.user.email_verified ? 'Yes' : 'Not yet'],
              ['Since', formatDay(me.user.created_at, tz)],
              ['Role here', roleNames[me.role]],
            ]}
          />
          {!me.user.email_verified && <Unverified />}
        </Panel>
        <Panel title="Password" note="Changing it logs you out everywhere else.">
          <PasswordForm />
        </Panel>
      </div>
    </SettingsPage>
  )
}

function Unverified() {
  const again = useMutation({ mutationFn: () => ask(api.POST('/v1/email-verifications')) })
  return (
    <>
      <FormError error={again.error} />
      {again.isSuccess ? (
        <p role="status">A mail with a link is on its way.</p>
      ) : (
        <Button variant="default" size="xs" mt="xs" onClick={() => again.mutate()} loading={again.isPending}>
          Send the verification mail again
        </Button>
      )}
    </>
  )
}

function PasswordForm() {
  const { user } = useMe()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const change = useMutation({
    mutationFn: () => ask(api.PUT('/v1/me/password', { body: { current_password: current, new_password: next } })),
    onSuccess: () => {
      setCurrent('')
      setNext('')
      notifications.show({ message: 'The new password is set. Everywhere else you are logged out.' })
    },
  })
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault()
        change.mutate()
      }}
    >
      <input type="hidden" name="email" autoComplete="username" value={user.email} readOnly />
      <PasswordInput
        label="Current password"
        name="current-password"
        autoComplete="current-password"
        required
        value={current}
        onChange={(e) => setCurrent(e.currentTarget.value)}
      />
      <NewPassword label="New password" value={next} onChange={setNext} />
      <FormError error={change.error} />
      <div>
        <Button type="submit" loading={change.isPending}>
          Change the password
        </Button>
      </div>
    </form>
  )
}
