import { workPages } from '../../app/places'
import { SectionPage, type SectionPageProps } from '../../parts/SectionPage'

/** The frame of the pages about what is done in the background. */
export function WorkPage(props: SectionPageProps) {
  return <SectionPage section="Work" pages={workPages} {...props} />
}
