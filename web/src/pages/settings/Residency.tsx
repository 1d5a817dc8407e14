import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { mayManageOrganization } from '../../app/roles'
import { meKey, useMe } from '../../app/session'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import classes from './Settings.module.css'

/** Where the data is kept. It is chosen once. */
export function Residency() {
  const { tenant, role } = useMe()
  const client = useQueryClient()
  const [choosing, setChoosing] = useState(false)
  const choose = useMutation({
    mutationFn: (residency: string) => ask(api.PATCH('/v1/tenant', { body: { residency } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: meKey })
      setChoosing(false)
      notifications.show({ message: 'Saved.' })
    },
  })
  const { residency, region } = tenant
  return (
    <Panel title="Where data is kept">
      <Sentence>
        {residency === null ? (
          'Anywhere'
        ) : (
          <>
            In <strong>{residency}</strong>, and nowhere else
          </>
        )}
      </Sentence>
      <p className="quiet">
        {residency !== null
          ? `Servers of other regions accept no events of ${tenant.name}. This cannot be changed any more.`
          : region === null
            ? 'This server was not told which region it stands in, so no region can be chosen.'
            : `This server stands in ${region}. Choose it, and servers of other regions accept nothing of yours.`}
      </p>
      {residency === null && region !== null && mayManageOrganization(role) && (
        <>
          <div className={classes.gap}>
            <Button variant="default" onClick={() => setChoosing(true)}>
              Keep data in {region} only
            </Button>
          </div>
          <ConfirmDelete
            opened={choosing}
            onClose={() => {
              setChoosing(false)
              choose.reset()
            }}
            title={`Keep data in ${region} only`}
            name={region}
            verb="Choose it"
            onConfirm={() => choose.mutate(region)}
            pending={choose.isPending}
            error={choose.error}
          >
            <p className={classes.flat}>
              This is chosen once, and cannot be changed afterwards. Whatever sends events to a server of another region
              is refused there from then on.
            </p>
          </ConfirmDelete>
        </>
      )}
    </Panel>
  )
}
