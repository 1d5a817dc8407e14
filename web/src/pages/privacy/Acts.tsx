import { Button, Group, Modal, Stack, TextInput, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { CalendarClock, Check, UserRoundPlus, X } from 'lucide-react'
import { useState } from 'react'
import { isOver, useActOnRequest, type PrivacyRequestDetails } from '../../api/privacy'
import { plural } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { FormError } from '../../parts/States'
import { formatDay } from '../../time/format'
import { dayOf, isDay } from '../../time/range'
import { useView } from '../../view/useView'
import { endOfDay, latestDeadline } from './extension'
import { Naming } from './Naming'
import classes from './Privacy.module.css'
import { requestTitle, waitsForApproval } from './words'

/** What can be done with a request as it is now. */
export function Acts({ request: r }: { request: PrivacyRequestDetails }) {
  const [dialog, setDialog] = useState<'approve' | 'name' | 'cancel' | 'extend' | null>(null)
  const act = useActOnRequest(r.id)
  const close = () => {
    setDialog(null)
    act.reset()
  }
  const done = (message: string) => ({
    onSuccess: () => {
      close()
      notifications.show({ message })
    },
  })
  const people = plural(r.subjects, 'person', 'people')
  if (isOver(r)) return null
  return (
    <>
      {r.extension_reason === null && (
        <Button variant="default" leftSection={<CalendarClock size={16} />} onClick={() => setDialog('extend')}>
          Move the deadline
        </Button>
      )}
      {r.cancellable && (
        <Button variant="default" leftSection={<X size={16} />} onClick={() => setDialog('cancel')}>
          Call it off
        </Button>
      )}
      {waitsForApproval(r) && (
        <Button variant="default" leftSection={<UserRoundPlus size={16} />} onClick={() => setDialog('name')}>
          Name more IDs
        </Button>
      )}
      {waitsForApproval(r) && (
        <Button leftSection={<Check size={16} />} onClick={() => setDialog('approve')}>
          Approve
        </Button>
      )}

      {r.type === 'erase' || r.type === 'offboard' ? (
        <ConfirmDelete
          opened={dialog === 'approve'}
          onClose={close}
          title="Approve the erasure"
          name={`erase ${people}`}
          verb="Approve and erase"
          onConfirm={() => act.mutate({ act: 'approve' }, done('Approved: it is being carried out.'))}
          pending={act.isPending}
          error={act.error}
        >
          <p className={classes.text}>
            Everything of theirs goes, from every place. Look first at the list of who was found: there is no copy to
            bring them back from.
          </p>
        </ConfirmDelete>
      ) : (
        <Modal opened={dialog === 'approve'} onClose={close} title="Approve the request">
          <Stack>
            <p className={classes.text}>{requestTitle(r)}. It is carried out at once.</p>
            <FormError error={act.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Not yet
              </Button>
              <Button
                loading={act.isPending}
                onClick={() => act.mutate({ act: 'approve' }, done('Approved: it is being carried out.'))}
                data-autofocus
              >
                Approve
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}

      <Modal opened={dialog === 'cancel'} onClose={close} title="Call the request off">
        <Stack>
          <p className={classes.text}>
            Nothing of theirs was deleted yet. Events of theirs are stored again from then on; what was turned away
            meanwhile does not come back.
          </p>
          <FormError error={act.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Let it go on
            </Button>
            <Button
              color="loss"
              loading={act.isPending}
              onClick={() => act.mutate({ act: 'cancel' }, done('The request is called off.'))}
              data-autofocus
            >
              Call it off
            </Button>
          </Group>
        </Stack>
      </Modal>

      <Modal opened={dialog === 'name'} onClose={close} title="Name more IDs of theirs" size="lg">
        {dialog === 'name' && (
          <Naming
            pending={act.isPending}
            error={act.error}
            onClose={close}
            onName={(subjects) => act.mutate({ act: 'name', subjects }, done('They are being looked up.'))}
          />
        )}
      </Modal>

      <Modal opened={dialog === 'extend'} onClose={close} title="Move the deadline">
        {dialog === 'extend' && (
          <Extend
            request={r}
            pending={act.isPending}
            error={act.error}
            onClose={close}
            onExtend={(until, reason) => act.mutate({ act: 'extend', until, reason }, done('The deadline is moved.'))}
          />
        )}
      </Modal>
    </>
  )
}

interface ExtendProps {
  request: PrivacyRequestDetails
  pending: boolean
  error: Error | null
  onClose: () => void
  onExtend: (until: string, reason: string) => void
}

function Extend({ request: r, pending, error, onClose, onExtend }: ExtendProps) {
  const { tz } = useView()
  const latest = latestDeadline(r.filed_at)
  const [day, setDay] = useState(dayOf(latest, tz))
  const [reason, setReason] = useState('')
  const until = isDay(day) ? endOfDay(day, tz, latest) : null
  const valid = until !== null && until > new Date(r.deadline) && until <= latest
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (valid && reason.trim() !== '') onExtend(until.toISOString(), reason.trim())
      }}
    >
      <Stack>
        <p className={classes.text}>
          By law there is a month to answer. Two more may be taken once, when the request is complex or there are many,
          and the person is told so with the reason before the first month is over (GDPR, article 12(3)).
        </p>
        <TextInput
          type="date"
          label={`New deadline (end of the day, ${tz})`}
          description={`After ${formatDay(r.deadline, tz)}, and by ${formatDay(latest, tz)} at the latest.`}
          value={day}
          min={dayOf(new Date(r.deadline), tz)}
          max={dayOf(latest, tz)}
          onChange={(e) => setDay(e.currentTarget.value)}
          error={
            day !== '' && !valid ? 'It must be later than the deadline, and within three months of filing.' : undefined
          }
        />
        <Textarea
          label="Reason"
          description="It stands in the history of the request. Name nobody in it."
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          maxLength={1000}
          autosize
          minRows={2}
          data-autofocus
        />
        <FormError error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!valid || reason.trim() === ''} loading={pending}>
            Move the deadline
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
