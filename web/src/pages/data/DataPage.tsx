import { dataPages } from '../../app/places'
import { SectionPage, type SectionPageProps } from '../../parts/SectionPage'

/** The frame of the pages about the data itself. */
export function DataPage(props: SectionPageProps) {
  return <SectionPage section="Data" pages={dataPages} {...props} />
}
