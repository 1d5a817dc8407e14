import { ActionIcon, Button, Menu, Select, TextInput, VisuallyHidden } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { invitationsOptions, membersOptions } from '../../api/queries'
import type { Invitation, Member, Role } from '../../api/types'
import { mayManage, roleNames, roleRights } from '../../app/roles'
import { useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { ErrorNote, FormError, SkeletonRows } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatAgo, formatDay } from '../../time/format'
import { useView } from '../../view/useView'
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

/** The roles that somebody may give: only owners make owners. */
function rolesFor(mine: Role): Role[] {
  return mine === 'owner' ? ['owner', 'admin', 'analyst', 'viewer'] : ['admin', 'analyst', 'viewer']
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

function MembersTable({ members }: { members: readonly Member[] }) {
  const { tz } = useView()
  const me = useMe()
  const client = useQueryClient()
  const [leaving, setLeaving] = useState<Member | null>(null)
  const refresh = () => client.invalidateQueries({ queryKey: membersOptions.queryKey })
  const setRole = useMutation({
    mutationFn: ({ user, role }: { user: string; role: Role }) =>
      ask(api.PATCH('/v1/members/{user_id}', { params: { path: { user_id: user } }, body: { role } })),
    onSettled: refresh,
  })
  const remove = useMutation({
    mutationFn: (user: string) => ask(api.DELETE('/v1/members/{user_id}', { params: { path: { user_id: user } } })),
    onSuccess: async () => {
      await refresh()
      setLeaving(null)
    },
  })
  const mayChange = (m: Member) =>
    mayManage(me.role) && m.user.id !== me.user.id && (me.role === 'owner' || m.role !== 'owner')
  return (
    <>
      {setRole.error && <FormError error={setRole.error} />}
      <TableScroll label="Members">
        <table>
          <thead>
            <tr>
              <th scope="col">Member</th>
              <th scope="col">Role</th>
              <th scope="col">Since</th>
              <th scope="col">
                <VisuallyHidden>Actions</VisuallyHidden>
              </th>
            </tr>
          </thead>
          <tbody>
            {members.map((m) => (
              <tr key={m.user.id}>
                <td>
                  {m.user.email} {m.user.id === me.user.id && <span className="quiet">(you)</span>}
                  {!m.user.email_verified && <div className="quiet">Address not verified</div>}
                </td>
                <td>
                  {mayChange(m) ? (
                    <Select
                      size="xs"
                      w={130}
                      aria-label={`Role of ${m.user.email}`}
                      data={rolesFor(me.role).map((r) => ({ value: r, label: roleNames[r] }))}
                      value={m.role}
                      onChange={(role) => role !== null && setRole.mutate({ user: m.user.id, role })}
                      allowDeselect={false}
                    />
                  ) : (
                    roleNames[m.role]
                  )}
                </td>
                <td className={classes.oneLine}>{formatDay(m.joined_at, tz)}</td>
                <td>
                  {mayChange(m) && (
                    <div className={classes.rowActions}>
                      <Menu position="bottom-end">
                        <Menu.Target>
                          <ActionIcon aria-label={`More for ${m.user.email}`}>
                            <Ellipsis size={17} />
                          </ActionIcon>
                        </Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item color="loss" onClick={() => setLeaving(m)}>
                            Remove
                          </Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      <ConfirmDelete
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title="Remove the member"
        name={leaving?.user.email ?? ''}
        verb="Remove"
        onConfirm={() => leaving && remove.mutate(leaving.user.id)}
        pending={remove.isPending}
        error={remove.error}
      >
        They cannot look at this organization any more, at once. What they made stays, and so do their entries in the
        audit log. They can be invited again.
      </ConfirmDelete>
    </>
  )
}

function Invitations() {
  const { tz } = useView()
  const { data, error, refetch } = useQuery(invitationsOptions)
  const client = useQueryClient()
  const [now] = useState(() => new Date())
  const withdraw = useMutation({
    mutationFn: (i: Invitation) =>
      ask(api.DELETE('/v1/invitations/{invitation_id}', { params: { path: { invitation_id: i.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: invitationsOptions.queryKey }),
  })
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />
  if (data === undefined || data.length === 0) return null
  return (
    <Panel title="Open invitations" flush>
      <FormError error={withdraw.error} />
      <TableScroll label="Open invitations">
        <table>
          <thead>
            <tr>
              <th scope="col">Invited</th>
              <th scope="col">Role</th>
              <th scope="col">By</th>
              <th scope="col">Ends</th>
              <th scope="col">
                <VisuallyHidden>Actions</VisuallyHidden>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.map((i) => (
              <tr key={i.id}>
                <td>{i.email}</td>
                <td>{roleNames[i.role]}</td>
                <td>{i.invited_by}</td>
                <td className={classes.oneLine} title={formatDay(i.expires_at, tz)}>
                  {formatAgo(i.expires_at, now)}
                </td>
                <td>
                  <div className={classes.rowActions}>
                    <Button
                      variant="subtle"
                      color="loss"
                      size="compact-sm"
                      onClick={() => withdraw.mutate(i)}
                      loading={withdraw.isPending}
                      aria-label={`Withdraw the invitation of ${i.email}`}
                    >
                      Withdraw
                    </Button>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Panel>
  )
}
