import { useQuery } from '@tanstack/react-query'
import { channelsOptions, rotationsOptions, type EscalationTarget } from '../../api/notify'
import { membersOptions } from '../../api/queries'

export interface People {
  /** Members, to choose from. */
  choices: { value: string; label: string }[]
  emailOf: (user: string) => string
}

/** The members of the organization, by their addresses. */
export function usePeople(): People {
  const { data: members = [] } = useQuery(membersOptions)
  return {
    choices: members.map((m) => ({ value: m.user.id, label: m.user.email })),
    emailOf: (id) => members.find((m) => m.user.id === id)?.user.email ?? 'somebody who has left',
  }
}

/** Names whom a step of an escalation reaches. */
export function useTargetNames(): (t: EscalationTarget) => string {
  const { data: channels = [] } = useQuery(channelsOptions)
  const { data: rotations = [] } = useQuery(rotationsOptions)
  const { emailOf } = usePeople()
  return (t) => {
    switch (t.kind) {
      case 'channel':
        return channels.find((c) => c.id === t.id)?.name ?? 'a channel that is gone'
      case 'rotation':
        return rotations.find((r) => r.id === t.id)?.name ?? 'a rotation that is gone'
      case 'member':
        return emailOf(t.id)
    }
  }
}
