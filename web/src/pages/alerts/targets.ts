import { useQuery } from '@tanstack/react-query'
import { channelsOptions, rotationsOptions, type EscalationTarget } from '../../api/notify'
import { membersOptions } from '../../api/queries'

/** Names whom a step of an escalation reaches. */
export function useTargetNames(): (t: EscalationTarget) => string {
  const { data: channels = [] } = useQuery(channelsOptions)
  const { data: rotations = [] } = useQuery(rotationsOptions)
  const { data: members = [] } = useQuery(membersOptions)
  return (t) => {
    switch (t.kind) {
      case 'channel':
        return channels.find((c) => c.id === t.id)?.name ?? 'a channel that is gone'
      case 'rotation':
        return rotations.find((r) => r.id === t.id)?.name ?? 'a rotation that is gone'
      case 'member':
        return members.find((m) => m.user_id === t.id)?.email ?? 'somebody who has left'
    }
  }
}
