import { Button, Checkbox, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { operatorMonthOptions, useOperatorAct, type OperatorAct, type OperatorTenantDetail } from '../../api/operator'
import { parseAmount } from '../../numbers/money'
import { ConfirmName } from '../../parts/ConfirmName'
import { FormError } from '../../parts/States'
import { useToken } from './token'

type Open = 'plan' | 'credit' | 'suspend' | 'resume' | null

const titles = {
  plan: 'Give it a plan',
  credit: 'Credit an amount',
  suspend: 'Suspend the organization',
  resume: 'End the suspension',
}

/** What whoever runs the installation can do about an organization. All of it stands in the organization's audit log. */
export function Acts({ detail }: { detail: OperatorTenantDetail }) {
  const [open, setOpen] = useState<Open>(null)
  const act = useOperatorAct(useToken(), detail.tenant.id)
  const close = () => {
    setOpen(null)
    act.reset()
  }
  const perform = (what: OperatorAct, done: string) =>
    act.mutate(what, {
      onSuccess: () => {
        close()
        notifications.show({ message: done })
      },
    })
  const form = { detail, perform, close, pending: act.isPending, error: act.error }
  const suspended = detail.tenant.suspended_by !== undefined
  return (
    <>
      <Button variant="default" onClick={() => setOpen('plan')}>
        Plan
      </Button>
      <Button variant="default" onClick={() => setOpen('credit')}>
        Credit
      </Button>
      {suspended ? (
        <Button variant="default" onClick={() => setOpen('resume')}>
          End the suspension
        </Button>
      ) : (
        <Button variant="outline" color="loss" onClick={() => setOpen('suspend')}>
          Suspend
        </Button>
      )}
      <Modal opened={open !== null} onClose={close} title={open === null ? '' : titles[open]}>
        {open === 'plan' && <PlanForm {...form} />}
        {open === 'credit' && <CreditForm {...form} />}
        {open === 'suspend' && <SuspendForm {...form} />}
        {open === 'resume' && <ResumeForm {...form} />}
      </Modal>
    </>
  )
}

interface FormProps {
  detail: OperatorTenantDetail
  perform: (what: OperatorAct, done: string) => void
  close: () => void
  pending: boolean
  error: Error | null
}

interface FrameProps extends FormProps {
  verb: string
  ready: boolean
  loss?: boolean
  reason: string
  onReason: (reason: string) => void
  onSubmit: () => void
  children?: React.ReactNode
}

function Frame({ verb, ready, loss = false, reason, onReason, onSubmit, children, close, pending, error }: FrameProps) {
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (ready && reason.trim() !== '') onSubmit()
      }}
    >
      <Stack gap="md">
        {children}
        <TextInput
          label="Reason"
          description="The organization reads it in its audit log."
          value={reason}
          onChange={(e) => onReason(e.currentTarget.value)}
          maxLength={200}
          required
        />
        <FormError error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={pending}
            disabled={!ready || reason.trim() === ''}
            {...(loss ? { color: 'loss' } : {})}
          >
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function PlanForm(props: FormProps) {
  const { tenant } = props.detail
  const offered = useQuery(operatorMonthOptions(useToken(), null, '')).data?.offered ?? []
  const [plan, setPlan] = useState(tenant.plan)
  const [interval, setInterval] = useState<'month' | 'year'>(tenant.interval)
  const [next, setNext] = useState(false)
  const [reason, setReason] = useState('')
  const yearly = offered.find((o) => o.plan === plan)?.yearly === true
  return (
    <Frame
      {...props}
      verb="Give it the plan"
      ready={plan !== tenant.plan || interval !== tenant.interval}
      reason={reason}
      onReason={setReason}
      onSubmit={() =>
        props.perform(
          {
            do: 'plan',
            body: { plan, interval: yearly ? interval : 'month', next_month: next, reason: reason.trim() },
          },
          `${tenant.name} has another plan${next ? ' from the next month on' : ''}.`,
        )
      }
    >
      <Select
        label="Plan"
        data={offered.map((o) => ({ value: o.plan, label: o.title }))}
        value={plan}
        onChange={(p) => p !== null && setPlan(p)}
        allowDeselect={false}
      />
      {yearly && (
        <Select
          label="Fee"
          data={[
            { value: 'month', label: 'By the month' },
            { value: 'year', label: 'By the year' },
          ]}
          value={interval}
          onChange={(i) => setInterval(i === 'year' ? 'year' : 'month')}
          allowDeselect={false}
        />
      )}
      <Checkbox label="From the next month on" checked={next} onChange={(e) => setNext(e.currentTarget.checked)} />
    </Frame>
  )
}

function CreditForm(props: FormProps) {
  const { tenant } = props.detail
  const { currency } = tenant.charged
  const [text, setText] = useState('')
  const [reason, setReason] = useState('')
  const amount = parseAmount(text, currency)
  return (
    <Frame
      {...props}
      verb="Credit it"
      ready={amount !== null && amount > 0}
      reason={reason}
      onReason={setReason}
      onSubmit={() =>
        props.perform(
          { do: 'credit', body: { currency, amount: amount ?? 0, reason: reason.trim() } },
          `It stands to the credit of ${tenant.name}, for the next invoices.`,
        )
      }
    >
      <TextInput
        label={`Amount in ${currency}`}
        inputMode="decimal"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        error={text !== '' && amount === null ? `This is no amount in ${currency}.` : undefined}
        required
        data-autofocus
      />
    </Frame>
  )
}

function SuspendForm(props: FormProps) {
  const { name } = props.detail.tenant
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  return (
    <Frame
      {...props}
      loss
      verb="Suspend"
      ready={typed === name}
      reason={reason}
      onReason={setReason}
      onSubmit={() =>
        props.perform({ do: 'suspend', body: { name: typed, reason: reason.trim() } }, `${name} is suspended.`)
      }
    >
      <div>
        Its events are refused on every node within seconds, and whoever sends them is told so. What is stored stays,
        its people can log in, and it can be ended at any time. What is refused is not kept.
      </div>
      <ConfirmName name={name} typed={typed} onTyped={setTyped} />
    </Frame>
  )
}

function ResumeForm(props: FormProps) {
  const { name } = props.detail.tenant
  const [reason, setReason] = useState('')
  return (
    <Frame
      {...props}
      verb="End it"
      ready
      reason={reason}
      onReason={setReason}
      onSubmit={() =>
        props.perform({ do: 'resume', body: { reason: reason.trim() } }, `${name} stands as its invoices say.`)
      }
    >
      <div>Its events are accepted again, unless invoices that it has not paid stand against that.</div>
    </Frame>
  )
}
