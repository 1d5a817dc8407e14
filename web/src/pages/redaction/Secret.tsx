import { Button, Skeleton, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { EyeOff, KeyRound } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { secretsOptions, useReplaceSecret, useReveal } from '../../api/redaction'
import { mayManage } from '../../app/roles'
import { useMe } from '../../app/session'
import { formatNumber, plural } from '../../numbers/format'
import { ConfirmDelete } from '../../parts/ConfirmDelete'
import { Copy } from '../../parts/Copy'
import { Panel } from '../../parts/Page'
import { Sentence } from '../../parts/Sentence'
import { ErrorNote, FormError } from '../../parts/States'
import { TableScroll } from '../../parts/TableScroll'
import { Time } from '../../parts/Time'
import { useView } from '../../view/useView'
import classes from './Redaction.module.css'
import { RedactionPage } from './RedactionPage'

/** The secret that pseudonyms and tokens are made with: its versions, replacing it, and undoing tokens. */
export default function Secret() {
  const me = useMe()
  const may = mayManage(me.role)
  return (
    <RedactionPage
      title="Pseudonyms and tokens"
      lead="The action hash makes pseudonyms, the action tokenise tokens, both under a secret of your organization that is shown to nobody."
    >
      <div className={classes.pair}>
        <Versions may={may} />
        {may ? (
          <Reveal />
        ) : (
          <Panel title="Reveal tokens">
            <p className="quiet">Only owners and admins can see what tokens stand for, and replace the secret.</p>
          </Panel>
        )}
      </div>
    </RedactionPage>
  )
}

function Versions({ may }: { may: boolean }) {
  const { tz } = useView()
  const { data: versions, error, refetch } = useQuery(secretsOptions)
  const newest = versions?.[0]
  if (error && !versions) return <ErrorNote error={error} retry={() => void refetch()} />
  if (versions === undefined || newest === undefined) return <Skeleton height={280} radius="lg" />
  return (
    <Panel
      title="The secret"
      actions={may && <Replace version={newest.version} />}
      note="What is made with it says which version it was."
    >
      <div className={classes.stack}>
        <Sentence>
          Version <strong>{newest.version}</strong> makes pseudonyms (<span className="mono">h{newest.version}_…</span>)
          and tokens (<span className="mono">t{newest.version}_…</span>).
        </Sentence>
        <TableScroll label="Versions of the secret">
          <table>
            <thead>
              <tr>
                <th scope="col">Version</th>
                <th scope="col">In use since</th>
                <th scope="col">Put in place by</th>
              </tr>
            </thead>
            <tbody>
              {versions.map((v) => (
                <tr key={v.version}>
                  <td>{formatNumber(v.version)}</td>
                  <td>{v.created_at === undefined ? 'the beginning' : <Time at={v.created_at} zone={tz} />}</td>
                  <td>{v.created_by ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
        <p className="quiet">
          Replace it where somebody may have learnt it, or to cut what is stored from now on off from before. Tokens of
          older versions can still be revealed.
        </p>
      </div>
    </Panel>
  )
}

function Replace({ version }: { version: number }) {
  const me = useMe()
  const [opened, setOpened] = useState(false)
  const replace = useReplaceSecret()
  const close = () => {
    setOpened(false)
    replace.reset()
  }
  return (
    <>
      <Button variant="default" leftSection={<KeyRound size={16} />} onClick={() => setOpened(true)}>
        Replace the secret
      </Button>
      <ConfirmDelete
        opened={opened}
        onClose={close}
        title="Replace the secret"
        name={me.tenant.name}
        verb="Replace"
        onConfirm={() =>
          replace.mutate(undefined, {
            onSuccess: (made) => {
              close()
              notifications.show({ message: `Version ${made.version} of the secret is in use within 5 seconds.` })
            },
          })
        }
        pending={replace.isPending}
        error={replace.error}
      >
        <div className={classes.stack}>
          <p>
            Version {version + 1} takes the place of version {version}, everywhere within 5 seconds. What is stored
            stays as it is. From then on:
          </p>
          <ul style={{ margin: 0, paddingLeft: '1.2rem' }}>
            <li>the same text gets another pseudonym and another token;</li>
            <li>people whose identifiers are pseudonyms look like new ones, so visitors are counted anew;</li>
            <li>an event that is sent again may be counted again, where its ID is a pseudonym.</li>
          </ul>
          <p>This cannot be undone.</p>
        </div>
      </ConfirmDelete>
    </>
  )
}

const most = 100

function Reveal() {
  const [text, setText] = useState('')
  const reveal = useReveal()
  const tokens = text.split(/[\s,]+/).filter((t) => t !== '')
  return (
    <Panel
      title="Reveal tokens"
      note={
        <>
          That you did, when, and how many stands in the <Link to="/settings/audit">audit log</Link>; the values stand
          nowhere.
        </>
      }
    >
      <form
        className={classes.stack}
        onSubmit={(e) => {
          e.preventDefault()
          reveal.mutate(tokens)
        }}
      >
        <Textarea
          label="Tokens"
          description={`One a line, ${most} at most.`}
          placeholder="t1_…"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          error={
            tokens.length > most ? `These are ${formatNumber(tokens.length)}. Reveal ${most} at a time.` : undefined
          }
          autosize
          minRows={4}
          maxRows={12}
          spellCheck={false}
          autoComplete="off"
          classNames={{ input: 'mono' }}
        />
        <FormError error={reveal.error} />
        <div>
          <Button type="submit" loading={reveal.isPending} disabled={tokens.length === 0 || tokens.length > most}>
            {tokens.length > 1 ? `Reveal ${plural(tokens.length, 'token')}` : 'Reveal'}
          </Button>
        </div>
      </form>
      {reveal.data && (
        <div className={classes.stack} style={{ marginTop: '1.25rem' }} role="status">
          <TableScroll label="Revealed">
            <table>
              <thead>
                <tr>
                  <th scope="col">Token</th>
                  <th scope="col">Stands for</th>
                </tr>
              </thead>
              <tbody>
                {reveal.data.map((v, i) => (
                  <tr key={`${i} ${v.token}`}>
                    <td className={`mono ${classes.token}`} title={v.token}>
                      {v.token}
                    </td>
                    <td className={classes.revealed}>
                      {v.value === undefined ? (
                        <span className={classes.flaw}>{v.message ?? 'It cannot be told.'}</span>
                      ) : (
                        <span className={classes.line}>
                          <strong>{v.value}</strong> <Copy value={v.value} what={`the value of token ${i + 1}`} />
                        </span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
          <div>
            <Button
              variant="default"
              size="xs"
              leftSection={<EyeOff size={14} />}
              onClick={() => {
                reveal.reset()
                setText('')
              }}
            >
              Hide
            </Button>
          </div>
        </div>
      )}
    </Panel>
  )
}
