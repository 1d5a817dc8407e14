import { formatNumber } from '../../numbers/format'
import classes from './Quarantine.module.css'

const [width, height] = [112, 26]

/** A trend in the size of a word. The figures are on the page that the row leads to. */
export function Sparkline({ values, period }: { values: readonly number[]; period: string }) {
  const top = Math.max(...values, 1)
  const slot = width / values.length
  return (
    <svg
      className={classes.sparkline}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={`${period}: ${formatNumber(values.reduce((a, b) => a + b, 0))} events, ${formatNumber(top)} at most in one bar`}
    >
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
      {values.map((v, i) => {
        const tall = v === 0 ? 0 : Math.max(2, ((height - 1) * v) / top)
        return <rect key={i} x={i * slot} y={height - tall} width={Math.max(1, slot - 1)} height={tall} rx="1" />
      })}
    </svg>
  )
}
