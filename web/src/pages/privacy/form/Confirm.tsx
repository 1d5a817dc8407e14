import { Button } from '@mantine/core'
import { CircleCheck } from 'lucide-react'
import { useConfirmFiling } from '../../../api/privacy'
import { FormError } from '../../../parts/States'
import classes from './PublicForm.module.css'
import { PublicPage } from './PublicPage'
import { wishes } from './wishes'

/** Where the link of the mail leads. It confirms on a click and not by itself: scanners of mail open links too. */
export function Confirm({ link, form }: { link: string; form: { organization: string } | null }) {
  const confirm = useConfirmFiling()
  if (confirm.data) {
    const { organization, type } = confirm.data
    return (
      <PublicPage organization={organization} title="Your request is there">
        <div className={classes.sent} role="status">
          <CircleCheck size={36} strokeWidth={1.4} aria-hidden="true" />
          <p>
            You have asked {organization} {wishes[type].done}. They look at it now, and the law gives them a month to
            answer. You need not do anything else.
          </p>
        </div>
      </PublicPage>
    )
  }
  return (
    <PublicPage organization={form?.organization} title="Confirm your request">
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          confirm.mutate(link)
        }}
      >
        <p>
          With this you say that the address is yours, and that you want what was asked for
          {form === null ? '' : ` from ${form.organization}`}. If it was not you, close this page: nothing happens.
        </p>
        <FormError error={confirm.error} />
        <Button type="submit" loading={confirm.isPending} fullWidth>
          Yes, this is my request
        </Button>
      </form>
    </PublicPage>
  )
}
