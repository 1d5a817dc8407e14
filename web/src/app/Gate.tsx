import { Button, Center, Loader } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, type ReactNode } from 'react'
import { Navigate, useLocation } from 'react-router'
import { isApiError } from '../api/errors'
import { Empty, ErrorNote } from '../parts/States'
import { MeContext, onSessionChanged, useSession } from './session'
import { useLogOut } from './useAccount'

/** Lets in who is logged in; everybody else logs in first and comes back to where they wanted to go. */
export function Gate({ children }: { children: ReactNode }) {
  const session = useSession()
  const client = useQueryClient()
  const { pathname, search } = useLocation()
  useEffect(() => onSessionChanged(() => void client.resetQueries()), [client])

  if (session.data === undefined) {
    return (
      <Center mih="100dvh" p="md" component="main">
        {isApiError(session.error, 'no_membership') ? (
          <NoOrganization />
        ) : session.error ? (
          <ErrorNote
            error={session.error}
            meaning="Events are still being accepted."
            retry={() => void session.refetch()}
          />
        ) : (
          <Loader type="dots" aria-label="Loading" />
        )}
      </Center>
    )
  }
  if (session.data === null) {
    const next = pathname + search
    return <Navigate to={next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`} replace />
  }
  return <MeContext value={session.data}>{children}</MeContext>
}

/** For whoever has left their only organization. */
function NoOrganization() {
  const logOut = useLogOut()
  return (
    <Empty
      title="No organization left"
      action={
        <Button variant="default" loading={logOut.isPending} onClick={() => logOut.mutate()}>
          Log out
        </Button>
      }
    >
      You are not a member of any organization any more. Ask somebody to invite you, or log out and sign up for a new
      one.
    </Empty>
  )
}
