import { Button, Loader, Radio, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { MailCheck } from 'lucide-react'
import { useState } from 'react'
import { useLocation, useParams } from 'react-router'
import { isApiError } from '../../../api/errors'
import { publicFormOptions, useFileByForm, type FormType } from '../../../api/privacy'
import { ErrorNote, FormError } from '../../../parts/States'
import { Confirm } from './Confirm'
import classes from './PublicForm.module.css'
import { PublicPage } from './PublicPage'
import { wishes } from './wishes'

/** The page on which people ask an organization about their own data. They have no account here. */
export default function PublicForm() {
  const { token = '' } = useParams()
  const { hash } = useLocation()
  const answer = useQuery(publicFormOptions(token))
  const confirm = new URLSearchParams(hash.slice(1)).get('confirm')
  const form = answer.data
  if (form !== undefined) {
    return confirm === null ? <Filing token={token} form={form} /> : <Confirm link={confirm} form={form} />
  }
  if (answer.error === null) {
    return (
      <PublicPage title="Your data">
        <Loader type="dots" aria-label="Loading" />
      </PublicPage>
    )
  }
  // A link that was sent works also when the form is closed meanwhile.
  if (confirm !== null) return <Confirm link={confirm} form={null} />
  return isApiError(answer.error) && [400, 404].includes(answer.error.status) ? (
    <PublicPage title="This form is not open">
      <p>
        There is no form at this address, or not any more. Ask the organization that sent you here how to reach them
        about your data.
      </p>
    </PublicPage>
  ) : (
    <PublicPage title="Your data">
      <ErrorNote error={answer.error} meaning="Nothing was sent." retry={() => void answer.refetch()} />
    </PublicPage>
  )
}

interface FilingProps {
  token: string
  form: { organization: string; title: string; intro: string; types: FormType[] }
}

function Filing({ token, form }: FilingProps) {
  const [type, setType] = useState<FormType | null>(form.types.length === 1 ? (form.types[0] ?? null) : null)
  const [email, setEmail] = useState('')
  const file = useFileByForm(token)
  if (file.isSuccess) {
    return (
      <PublicPage organization={form.organization} title="Look into your mail">
        <div className={classes.sent} role="status">
          <MailCheck size={36} strokeWidth={1.4} aria-hidden="true" />
          <p>
            A mail is on its way to <strong>{email}</strong>. Follow the link in it within 24 hours: so{' '}
            {form.organization} knows that the request comes from you. Until then nothing is done.
          </p>
          <p className="quiet">Nothing there? Look among the unwanted mail, or try again.</p>
          <Button variant="default" onClick={() => file.reset()}>
            Try again
          </Button>
        </div>
      </PublicPage>
    )
  }
  return (
    <PublicPage
      organization={form.organization}
      title={form.title === '' ? `Your data at ${form.organization}` : form.title}
    >
      {form.intro !== '' && <p className={classes.intro}>{form.intro}</p>}
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          if (type !== null) file.mutate({ type, email: email.trim() })
        }}
      >
        <Radio.Group label="What should happen?" value={type} onChange={(t) => setType(t)} required>
          <div className={classes.wishes}>
            {form.types.map((t) => (
              <Radio.Card key={t} value={t} className={classes.wish ?? ''}>
                <Radio.Indicator />
                <span>
                  <strong>{wishes[t].wish}</strong>
                  <span className="quiet">{wishes[t].means(form.organization)}</span>
                </span>
              </Radio.Card>
            ))}
          </div>
        </Radio.Group>
        <TextInput
          type="email"
          label="Your e-mail address"
          description={`By which ${form.organization} knows you. You get a mail to confirm that it is yours.`}
          autoComplete="email"
          maxLength={254}
          required
          value={email}
          onChange={(e) => setEmail(e.currentTarget.value)}
        />
        <FormError error={file.error} />
        <Button type="submit" loading={file.isPending} disabled={type === null || email.trim() === ''} fullWidth>
          Send me the mail
        </Button>
      </form>
    </PublicPage>
  )
}
