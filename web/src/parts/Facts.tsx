import type { ReactNode } from 'react'
import { unknown } from '../numbers/format'
import classes from './Facts.module.css'

/** Names and values. An empty value is a dash. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === '' || value === null || value === undefined ? unknown : value}</dd>
        </div>
      ))}
    </dl>
  )
}
