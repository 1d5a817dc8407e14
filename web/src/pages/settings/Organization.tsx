import { Button, Select, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { mayManageOrganization } from '../../app/roles'
import { meKey, useMe } from '../../app/session'
import { CopyText } from '../../parts/Copy'
import { Facts } from '../../parts/Facts'
import { Panel } from '../../parts/Page'
import { FormError } from '../../parts/States'
import { Time } from '../../parts/Time'
import { zones } from '../../time/range'
import { Leaving } from './Leaving'
import { Residency } from './Residency'
import { ReadOnlyNote, SettingsPage } from './SettingsPage'
import classes from './Settings.module.css'

/** Name and time zone, where the data is kept, and the way out. */
export default function Organization() {
  const { tenant, role } = useMe()
  const mayChange = mayManageOrganization(role)
  return (
    <SettingsPage
      title="Organization"
      lead="What it is called, by which clock its days are counted, where its data is kept, and how it leaves."
    >
      <div className={classes.narrow}>
        <Panel label="Organization">{mayChange ? <Form key={tenant.id} /> : <ReadOnly />}</Panel>
        <Panel title="For support">
          <Facts
            facts={[
              ['Organization ID', <CopyText key="id" value={tenant.id} what="the organization's ID" />],
              ['Since', <Time key="since" at={tenant.created_at} zone={tenant.timezone} />],
            ]}
          />
        </Panel>
        <Residency />
        {mayChange && <Leaving />}
      </div>
    </SettingsPage>
  )
}

function ReadOnly() {
  const { tenant } = useMe()
  return (
    <>
      <Facts
        facts={[
          ['Name', tenant.name],
          ['Time zone', tenant.timezone],
        ]}
      />
      <ReadOnlyNote who="owners" />
    </>
  )
}

function Form() {
  const { tenant } = useMe()
  const client = useQueryClient()
  const [name, setName] = useState(tenant.name)
  const [timezone, setTimezone] = useState(tenant.timezone)
  const save = useMutation({
    mutationFn: () => ask(api.PATCH('/v1/tenant', { body: { name, timezone } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: meKey })
      notifications.show({ message: 'Saved.' })
    },
  })
  const changed = name !== tenant.name || timezone !== tenant.timezone
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate()
      }}
    >
      <TextInput label="Name" required maxLength={120} value={name} onChange={(e) => setName(e.currentTarget.value)} />
      <Select
        label="Time zone"
        description="Charts begin their days at midnight of this zone. Everybody can choose another one for a chart; the events themselves do not change."
        data={zones()}
        value={timezone}
        onChange={(z) => z !== null && setTimezone(z)}
        searchable
        allowDeselect={false}
      />
      <FormError error={save.error} />
      <div>
        <Button type="submit" loading={save.isPending} disabled={!changed}>
          Save
        </Button>
      </div>
    </form>
  )
}
