import { Button, Checkbox, Group, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  paymentOptions,
  plansOptions,
  previewOptions,
  useChangeSubscription,
  useGoToPay,
  type Bill,
  type Plan,
  type Subscription,
  type SubscriptionPreview,
} from '../../../api/billing'
import { formatAmount, formatMoney, parseAmount } from '../../../numbers/money'
import { ErrorNote, FormError, SkeletonRows } from '../../../parts/States'
import { TableScroll } from '../../../parts/TableScroll'
import { Time } from '../../../parts/Time'
import { formatMonth } from '../../../time/format'
import { useView } from '../../../view/useView'
import { billingZone } from '../words'
import classes from './Plan.module.css'
import { changeOf, feeOf, type Wish } from './prices'

interface ChangePlanProps {
  now: Subscription
  /** Null: nothing is being changed. */
  wish: Wish | null
  onWish: (wish: Wish) => void
  onClose: () => void
}

/** A change of the plan: what it costs is shown before it is made. */
export function ChangePlan({ now, wish, onWish, onClose }: ChangePlanProps) {
  const { data } = useQuery(plansOptions)
  const plan =
    wish && (data?.plans.find((p) => p.key === wish.plan) ?? (wish.plan === now.plan.key ? now.plan : undefined))
  const same = wish?.plan === now.terms.plan
  return (
    <Modal
      opened={wish !== null}
      onClose={onClose}
      size="xl"
      title={
        plan ? (same ? `${plan.title}: coupon, spend cap, payment` : `Change to ${plan.title}`) : 'Change the plan'
      }
    >
      {wish && plan && <Form now={now} plan={plan} wish={wish} onWish={onWish} onClose={onClose} />}
    </Modal>
  )
}

interface FormProps {
  now: Subscription
  plan: Plan
  wish: Wish
  onWish: (wish: Wish) => void
  onClose: () => void
}

function Form({ now, plan, wish, onWish, onClose }: FormProps) {
  const [cap, setCap] = useState(() => (wish.spendCap === null ? '' : formatAmount(wish.spendCap, wish.currency)))
  const change = changeOf(wish, now)
  const [asked] = useDebouncedValue(change, 300)
  const preview = useQuery({ ...previewOptions(asked), placeholderData: keepPreviousData })
  const { data: payment } = useQuery(paymentOptions)
  const save = useChangeSubscription()
  const pay = useGoToPay()
  const wrong = cap.trim() !== '' && parseAmount(cap, wish.currency) === null
  const costs = (feeOf(plan, wish.interval, wish.currency) ?? 0) > 0
  const payFirst =
    payment !== undefined &&
    payment.provider !== 'local' &&
    payment.way === undefined &&
    costs &&
    plan.key !== now.plan.key &&
    !wish.trial
  const upToDate = JSON.stringify(asked) === JSON.stringify(change) && !preview.isPlaceholderData
  const set = (part: Partial<Wish>) => {
    save.reset()
    onWish({ ...wish, ...part })
  }
  const submit = () => {
    if (payFirst) {
      pay.mutate({ page: 'checkout', body: { plan: wish.plan, interval: wish.interval, currency: wish.currency } })
      return
    }
    save.mutate(change, {
      onSuccess: (s) => {
        onClose()
        notifications.show({
          message: s.next_plan !== undefined ? `${s.next_plan.title} follows.` : `You are on ${s.plan.title} now.`,
        })
      },
    })
  }
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (!wrong) submit()
      }}
    >
      <Stack gap="md">
        <div className={classes.fields}>
          {feeOf(plan, 'year', wish.currency) !== null && (
            <div>
              <span className={classes.label}>Fee</span>
              <SegmentedControl
                fullWidth
                value={wish.interval}
                onChange={(interval) => set({ interval })}
                data={[
                  { value: 'month', label: 'By the month' },
                  { value: 'year', label: 'By the year' },
                ]}
                aria-label="How often the fee is due"
              />
            </div>
          )}
          <div>
            <span className={classes.label}>Begins</span>
            <SegmentedControl
              fullWidth
              value={wish.at}
              onChange={(at) => set({ at })}
              data={[
                { value: 'now', label: plan.rank < now.plan.rank ? 'With the next hour' : 'Now' },
                { value: 'next_month', label: 'Next month' },
              ]}
              aria-label="When it begins"
            />
          </div>
          <TextInput
            label="Coupon"
            description="Optional"
            value={wish.coupon}
            onChange={(e) => set({ coupon: e.currentTarget.value })}
            maxLength={32}
            spellCheck={false}
            autoComplete="off"
          />
          <TextInput
            label={`Spend cap of a month (${wish.currency})`}
            description="Optional. Events beyond it are held, and nothing more is charged"
            value={cap}
            onChange={(e) => {
              setCap(e.currentTarget.value)
              const amount = parseAmount(e.currentTarget.value, wish.currency)
              if (amount !== null || e.currentTarget.value.trim() === '') set({ spendCap: amount })
            }}
            error={wrong && 'Write an amount, such as 100.00'}
            inputMode="decimal"
            autoComplete="off"
          />
        </div>
        {plan.trial_days > 0 && plan.rank > now.plan.rank && !now.trial && (
          <Checkbox
            label={`Try it for ${plan.trial_days} days first`}
            description="Until then nothing costs anything. Events beyond what is included are held."
            checked={wish.trial}
            onChange={(e) => set({ trial: e.currentTarget.checked })}
          />
        )}
        <section aria-label="What it costs" aria-live="polite" aria-busy={!upToDate && preview.error === null}>
          {preview.error ? (
            <ErrorNote error={preview.error} meaning="Nothing was changed." />
          ) : preview.data === undefined ? (
            <SkeletonRows rows={4} />
          ) : (
            <Costs preview={preview.data} outdated={!upToDate} />
          )}
        </section>
        <FormError error={save.error ?? pay.error} />
        {payFirst && <p className="quiet">You are asked how to pay first; the plan changes once that is done.</p>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            disabled={wrong || preview.error !== null || !upToDate}
            loading={save.isPending || pay.isPending}
          >
            {payFirst
              ? 'Go on to payment'
              : plan.key === now.plan.key
                ? 'Save'
                : wish.trial
                  ? `Try ${plan.title}`
                  : `Change to ${plan.title}`}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** The running month without the change and with it, and the month behind it. */
function Costs({ preview: p, outdated }: { preview: SubscriptionPreview; outdated: boolean }) {
  const { tz } = useView()
  return (
    <div className={classes.costs} data-outdated={outdated}>
      <p>
        <strong>{p.plan.title}</strong> begins on <Time at={p.terms.from} zone={tz} /> ({tz}). Before tax, by what was
        used so far:
      </p>
      <div className={classes.bills}>
        <BillOf name={`${monthName(p.unchanged)} as it is`} bill={p.unchanged} quiet />
        <BillOf name={`${monthName(p.changed)} with the change`} bill={p.changed} />
        <BillOf name={`${monthName(p.next)}, before anything is used`} bill={p.next} />
      </div>
    </div>
  )
}

const monthName = (b: Bill) => formatMonth(`${b.month}-01T00:00:00Z`, billingZone)

function BillOf({ name, bill: b, quiet = false }: { name: string; bill: Bill; quiet?: boolean }) {
  return (
    <div className={classes.bill} data-quiet={quiet}>
      <span className="quiet">{name}</span>
      <strong>{formatMoney(b.total, b.currency)}</strong>
      {b.lines.length > 0 && (
        <details>
          <summary>Its lines</summary>
          <TableScroll label={`Lines of ${name}`}>
            <table>
              <tbody>
                {b.lines.map((l) => (
                  <tr key={`${l.kind} ${l.text} ${l.tier} ${l.from}`}>
                    <td>
                      {l.text}
                      {l.tier !== '' && <span className="quiet">, {l.tier}</span>}
                    </td>
                    <td className="number">{formatAmount(l.amount, b.currency)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        </details>
      )}
    </div>
  )
}
