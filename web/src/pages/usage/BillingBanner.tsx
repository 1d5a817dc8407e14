import { useQuery } from '@tanstack/react-query'
import { Info, TriangleAlert } from 'lucide-react'
import { Link } from 'react-router'
import { paymentOptions, quotaOptions } from '../../api/billing'
import { maySeeBilling } from '../../app/roles'
import { useMe } from '../../app/session'
import { useTravel } from '../../view/useView'
import { bannerOf } from './banner'
import classes from './BillingBanner.module.css'

/** One calm line above every page while something of the account holds events up, or will. */
export function BillingBanner() {
  const me = useMe()
  const travel = useTravel()
  const enabled = maySeeBilling(me.role)
  const { data: quota } = useQuery({ ...quotaOptions, enabled })
  const { data: payment } = useQuery({ ...paymentOptions, enabled })
  const banner = bannerOf(quota, payment)
  if (banner === null) return null
  const Icon = banner.tone === 'calm' ? Info : TriangleAlert
  return (
    <aside className={classes.banner} data-tone={banner.tone} aria-label="Account">
      <Icon size={17} aria-hidden="true" />
      <p>
        {banner.text} <Link to={travel(banner.to)}>{banner.link}</Link>
      </p>
    </aside>
  )
}
