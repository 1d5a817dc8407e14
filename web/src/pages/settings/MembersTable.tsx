import { ActionIcon, Menu, Select, VisuallyHidden } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { api, ask } from '../../api/client'
import { membersOptions } from '../../api/queries'
import type { Member, Role } from '../../api/types'
import { mayManage, roleNames, rolesFor } from '../../app/roles'
import { announceSession, useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { FormError } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatDay } from '../../time/format'
import { useView } from '../../view/useView'
import classes from './Settings.module.css'

/** The members, and what one may do about each: everybody may leave, except where nobody would stay. */
export function MembersTable({ members }: { members: readonly Member[] }) {
  const me = useMe()
  const client = useQueryClient()
  const [going, setGoing] = useState<Member | null>(null)
  const setRole = useMutation({
    mutationFn: ({ user, role }: { user: string; role: Role }) =>
      ask(api.PATCH('/v1/members/{user_id}', { params: { path: { user_id: user } }, body: { role } })),
    onSettled: () => client.invalidateQueries({ queryKey: membersOptions.queryKey }),
  })
  const mayChange = (m: Member) =>
    mayManage(me.role) && m.user.id !== me.user.id && (me.role === 'owner' || m.role !== 'owner')
  const mayGo = (m: Member) => mayChange(m) || (m.user.id === me.user.id && members.length > 1)
  return (
    <>
      {setRole.error && (
        <div className={classes.pad}>
          <FormError error={setRole.error} />
        </div>
      )}
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
              <MemberRow
                key={m.user.id}
                member={m}
                onRole={mayChange(m) ? (role) => setRole.mutate({ user: m.user.id, role }) : null}
                onGo={mayGo(m) ? () => setGoing(m) : null}
              />
            ))}
          </tbody>
        </table>
      </TableScroll>
      <Going member={going} onClose={() => setGoing(null)} />
    </>
  )
}

interface MemberRowProps {
  member: Member
  /** Null where the role is not ours to change. */
  onRole: ((role: Role) => void) | null
  /** Null where the member stays. */
  onGo: (() => void) | null
}

function MemberRow({ member: m, onRole, onGo }: MemberRowProps) {
  const { tz } = useView()
  const me = useMe()
  const own = m.user.id === me.user.id
  return (
    <tr>
      <td>
        {m.user.email} {own && <span className="quiet">(you)</span>}
        {!m.user.email_verified && <div className="quiet">Address not verified</div>}
      </td>
      <td>
        {onRole ? (
          <Select
            size="xs"
            w={130}
            aria-label={`Role of ${m.user.email}`}
            data={rolesFor(me.role).map((r) => ({ value: r, label: roleNames[r] }))}
            value={m.role}
            onChange={(role) => role !== null && onRole(role)}
            allowDeselect={false}
          />
        ) : (
          roleNames[m.role]
        )}
      </td>
      <td className={classes.oneLine}>{formatDay(m.joined_at, tz)}</td>
      <td>
        {onGo && (
          <div className={classes.rowActions}>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`More for ${m.user.email}`}>
                  <Ellipsis size={17} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item color="loss" onClick={onGo}>
                  {own ? 'Leave' : 'Remove'}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </div>
        )}
      </td>
    </tr>
  )
}

/** Asks before a member is removed, or oneself leaves. */
function Going({ member, onClose }: { member: Member | null; onClose: () => void }) {
  const me = useMe()
  const own = member?.user.id === me.user.id
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: (user: string) => ask(api.DELETE('/v1/members/{user_id}', { params: { path: { user_id: user } } })),
    onSuccess: async () => {
      onClose()
      if (!own) return client.invalidateQueries({ queryKey: membersOptions.queryKey })
      // Into another organization, or out: the API knows.
      announceSession()
      await navigate('/')
      return client.resetQueries()
    },
  })
  return (
    <ConfirmDelete
      opened={member !== null}
      onClose={onClose}
      title={own ? `Leave ${me.tenant.name}` : 'Remove the member'}
      name={own ? me.tenant.name : (member?.user.email ?? '')}
      verb={own ? 'Leave' : 'Remove'}
      onConfirm={() => member && remove.mutate(member.user.id)}
      pending={remove.isPending}
      error={remove.error}
    >
      {own ? 'You' : 'They'} cannot look at this organization any more, at once. What {own ? 'you' : 'they'} made stays,
      and so do {own ? 'your' : 'their'} entries in the audit log. {own ? 'You' : 'They'} can be invited again.
    </ConfirmDelete>
  )
}
