import { Button, Center, Loader, PasswordInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { operatorMonthOptions } from '../../api/operator'
import { ThemeToggle } from '../../app/Rail'
import { Mark } from '../../parts/Mark'
import { PageTitle } from '../../parts/Page'
import { ErrorNote } from '../../parts/States'
import classes from './Operator.module.css'
import { keepToken, readToken, TokenContext } from './token'

/** Lets in who runs the installation: by its token, or from its own machine where it has none. It has nothing to do with being logged in. */
export default function OperatorGate({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(readToken)
  const month = useQuery(operatorMonthOptions(token, null, ''))
  const use = (given: string) => {
    keepToken(given)
    setToken(given)
  }
  return (
    <div className={classes.frame}>
      <PageTitle>Operator</PageTitle>
      <header className={classes.top}>
        <Link to="/operator" className={classes.brand}>
          <Mark size={24} /> Observatory <span className="quiet">operator</span>
        </Link>
        <span className={classes.topActions}>
          {token !== '' && (
            <Button variant="subtle" color="gray" size="xs" onClick={() => use('')}>
              Forget the token
            </Button>
          )}
          <ThemeToggle />
        </span>
      </header>
      <main className={classes.main}>
        {month.data ? (
          <TokenContext value={token}>{children}</TokenContext>
        ) : month.data === null ? (
          <AskForToken refused={token !== ''} onGiven={use} />
        ) : month.error ? (
          <ErrorNote error={month.error} retry={() => void month.refetch()} />
        ) : (
          <Center mih="40dvh">
            <Loader type="dots" aria-label="Loading" />
          </Center>
        )}
      </main>
    </div>
  )
}

function AskForToken({ refused, onGiven }: { refused: boolean; onGiven: (token: string) => void }) {
  const [token, setToken] = useState('')
  return (
    <form
      className={classes.ask}
      onSubmit={(e) => {
        e.preventDefault()
        if (token !== '') onGiven(token)
      }}
    >
      <h1>For whoever runs this installation</h1>
      <p className="quiet">
        What its organizations use, owe and cost, and what is done about it. The token is the setting{' '}
        <code>OBSERVATORY_OPERATOR_TOKEN</code>; this tab forgets it when it is closed.
      </p>
      <PasswordInput
        label="Operator token"
        value={token}
        onChange={(e) => setToken(e.currentTarget.value)}
        error={refused ? 'This is not the token of this installation.' : undefined}
        autoComplete="off"
        required
      />
      <Button type="submit">Go on</Button>
    </form>
  )
}
