import { Button, Select, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { invitationsOptions, membersOptions } from '../../api/queries'
import type { Role } from '../../api/types'
import { mayManage, roleNames, roleRights, rolesFor } from '../../app/roles'
import { useMe } from '../../app/session'
import { Panel } from '../../parts/Page'
import { ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { Invitations } from './Invitations'
import { MembersTable } from './MembersTable'
import { ReadOnlyNote, SettingsPage } from './SettingsPage'
import classes from './Settings.module.css'

/** Who belongs to the organization, and who is invited. */
export default function Members() {
  const { role } = useMe()
  const manage = mayManage(role)
  const members = useQuery(membersOptions)
  return (
    <SettingsPage title="Members" lead="People who may look at this organization's data, and what each may do.">
      {manage && <Invite />}
      <Panel title="Members" flush>
        {members.error && !members.data ? (
          <ErrorNote error={members.error} retry={() => void members.refetch()} />
        ) : members.data === undefined ? (
          <SkeletonRows rows={3} />
        ) : (
          <MembersTable members={members.data} />
        )}
      </Panel>
      {manage && <Invitations />}
      {!manage && <ReadOnlyNote who="owners and admins" />}
    </SettingsPage>
  )
}

function Invite() {
  const me = useMe()
  const client = useQueryClient()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('analyst')
  const invite = useMutation({
    mutationFn: () => ask(api.POST('/v1/invitations', { body: { email, role } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: invitationsOptions.queryKey })
      notifications.show({ message: `${email} is invited. The link in the mail is valid for 7 days.` })
      setEmail('')
    },
  })
  return (
    <Panel title="Invite somebody">
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          invite.mutate()
        }}
      >
        <div className={classes.row}>
          <TextInput
            className={classes.grow}
            label="E-mail"
            type="email"
            required
            maxLength={254}
            value={email}
            onChange={(e) => setEmail(e.currentTarget.value)}
          />
          <Select
            label="Role"
            data={rolesFor(me.role).map((r) => ({ value: r, label: roleNames[r] }))}
            value={role}
            onChange={(r) => r !== null && setRole(r)}
            allowDeselect={false}
          />
          <Button type="submit" loading={invite.isPending}>
            Invite
          </Button>
        </div>
        <span className="quiet">
          {roleNames[role]}: {roleRights[role]}
        </span>
        <FormError error={invite.error} />
      </form>
    </Panel>
  )
}
