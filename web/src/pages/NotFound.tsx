import { Button } from '@mantine/core'
import { Telescope } from 'lucide-react'
import { Link } from 'react-router'
import { Page, Panel } from '../parts/Page'
import { Empty } from '../parts/States'

export default function NotFound() {
  return (
    <Page title="Nothing here">
      <Panel label="Nothing here">
        <Empty
          title="There is no page at this address"
          icon={<Telescope size={40} strokeWidth={1.4} />}
          action={
            <Button component={Link} to="/">
              Overview
            </Button>
          }
        >
          The link may be old, or cut short. Ctrl-K finds every page, event and receipt.
        </Empty>
      </Panel>
    </Page>
  )
}
