import { Button, VisuallyHidden } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { invitationsOptions } from '../../api/queries'
import type { Invitation } from '../../api/types'
import { roleNames } from '../../app/roles'
import { Panel } from '../../parts/Page'
import { ErrorNote, FormError } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { formatAgo, formatDay } from '../../time/format'
import { useView } from '../../view/useView'
import classes from './Settings.module.css'

/** Who was invited and has not come yet. */
export function Invitations() {
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
