/** The sign of Observatory: four stars and the line that somebody saw between them. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        d="M6 22.5 12.5 13l6.5 5L26 8"
        fill="none"
        stroke="var(--obs-accent)"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        opacity="0.7"
      />
      <g fill="var(--obs-text)">
        <circle cx="6" cy="22.5" r="2" />
        <circle cx="12.5" cy="13" r="2.4" />
        <circle cx="19" cy="18" r="1.8" />
      </g>
      <circle cx="26" cy="8" r="3" fill="var(--obs-accent)" />
    </svg>
  )
}
