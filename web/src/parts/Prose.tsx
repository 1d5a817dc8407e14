/** A message of the API. What it puts in backticks is code. */
export function Prose({ children }: { children: string }) {
  return children.split('`').map((part, i) =>
    i % 2 === 1 ? (
      <code key={i} className="mono">
        {part}
      </code>
    ) : (
      part
    ),
  )
}
