import classes from './AuthPage.module.css'

interface Star {
  x: number
  y: number
  r: number
  bright: number
}

/** The same sky for everybody: a small generator with a fixed seed (mulberry32). */
function sky(count: number): Star[] {
  let seed = 20150517
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  // Few stars are bright, most are faint.
  return Array.from({ length: count }, () => {
    const size = next() ** 5
    return { x: next() * 1600, y: next() * 900, r: 0.6 + size * 1.7, bright: 0.28 + 0.6 * size }
  })
}

const stars = sky(260)

type Place = readonly [x: number, y: number]

/** Lines between bright stars, left and right of where the form stands. */
const figures: readonly (readonly Place[])[] = [
  [
    [120, 610],
    [212, 520],
    [318, 548],
    [402, 470],
    [378, 372],
    [268, 330],
  ],
  [
    [402, 470],
    [470, 392],
  ],
  [
    [1190, 250],
    [1288, 205],
    [1362, 262],
    [1466, 226],
    [1530, 142],
  ],
  [
    [1362, 262],
    [1340, 372],
    [1428, 440],
    [1402, 560],
  ],
]

/** The night sky behind the form, or a star chart on paper. */
export function StarChart() {
  return (
    <svg className={classes.stars} viewBox="0 0 1600 900" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <g fill="var(--obs-text)">
        {stars.map((s, i) => (
          <circle key={i} cx={s.x} cy={s.y} r={s.r} opacity={s.bright} />
        ))}
      </g>
      {figures.map((f, i) => (
        <g key={i}>
          <polyline
            points={f.map((p) => p.join(',')).join(' ')}
            fill="none"
            stroke="var(--obs-accent)"
            strokeWidth="1"
            opacity="0.32"
          />
          {f.map(([x, y]) => (
            <circle key={`${x} ${y}`} cx={x} cy={y} r="2.6" fill="var(--obs-accent)" opacity="0.75" />
          ))}
        </g>
      ))}
    </svg>
  )
}
