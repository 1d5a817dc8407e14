import type { Person } from '../../api/people'

/** Whether somebody is known by an account or by a device alone. */
export function Kind({ kind }: { kind: Person['kind'] }) {
  return kind === 'user' ? <>User</> : <span className="quiet">Anonymous</span>
}
