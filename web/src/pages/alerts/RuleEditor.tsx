import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useSaveRule, type Alert } from '../../api/alerts'
import { mayWatch } from '../../app/roles'
import { useMe } from '../../app/session'
import { FormError } from '../../parts/States'
import { useTravel } from '../../view/useView'
import classes from './Alerts.module.css'
import { lacksOnlyBound, missing, toRule, unbound, type Draft } from './draft'
import { Preview } from './Preview'
import { RuleForm, SaveBar } from './RuleForm'

/** The way back to the list. */
export function Back() {
  const travel = useTravel()
  return (
    <Link to={travel('/alerts/rules')} className={classes.back}>
      <ArrowLeft size={15} aria-hidden="true" /> All rules
    </Link>
  )
}

/** The form of a rule, beside what it would have done. */
export function RuleEditor({ initial, rule }: { initial: Draft; rule: Alert | null }) {
  const me = useMe()
  const navigate = useNavigate()
  const travel = useTravel()
  const [draft, setDraft] = useState(initial)
  const save = useSaveRule(rule?.id ?? null)
  const may = mayWatch(me.role)
  const lacks = missing(draft)
  const name = draft.name.trim()
  // While only the bound is missing, the values of the past are shown: it is chosen by them.
  const shown =
    lacks === null ? toRule(draft, 'Preview') : lacksOnlyBound(draft) ? toRule(unbound(draft), 'Preview') : null
  const changed = rule === null || JSON.stringify(draft) !== JSON.stringify(initial)
  return (
    <form
      className={classes.editor}
      onSubmit={(e) => {
        e.preventDefault()
        if (lacks !== null || name === '') return
        save.mutate(
          {
            ...toRule(draft, name),
            ...(rule === null ? {} : { labels: rule.labels }),
          },
          {
            onSuccess: (saved) => {
              notifications.show({ message: rule === null ? 'The rule watches from now on.' : 'Changed.' })
              if (rule === null) void navigate(travel(`/alerts/rules/${saved.id}`))
            },
          },
        )
      }}
    >
      <RuleForm draft={draft} change={(c) => setDraft((d) => ({ ...d, ...c }))} disabled={!may} />
      <div className={classes.beside}>
        <Preview rule={shown} missing={lacks} />
        <FormError error={save.error} />
        {may ? (
          <SaveBar>
            {name === '' && lacks === null && <span className="quiet">Give it a name to save it.</span>}
            <Button type="submit" loading={save.isPending} disabled={lacks !== null || name === '' || !changed}>
              {rule === null ? 'Create the rule' : 'Save'}
            </Button>
          </SaveBar>
        ) : (
          <p className="quiet">Viewers can look at rules. Analysts, admins and owners can change them.</p>
        )}
      </div>
    </form>
  )
}
