import { Link } from 'react-router'
import { unknown } from '../numbers/format'
import { personPath } from './person'

/** An ID as the way to the person whose it is. */
export function PersonLink({ id }: { id: string }) {
  if (id === '') return <>{unknown}</>
  return (
    <Link to={personPath(id)} title={id}>
      {id}
    </Link>
  )
}
