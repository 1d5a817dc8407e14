import { VisuallyHidden } from '@mantine/core'
import { useEffect, useRef, useState, type RefObject } from 'react'
import { Link } from 'react-router'
import type { PipelineStage, StageName } from '../../api/jobs'
import { formatShort } from '../../numbers/format'
import { formatSpan } from '../../time/format'
import { useTravel } from '../../view/useView'
import { HealthIcon } from './HealthIcon'
import { formatRate } from './rate'
import classes from './Work.module.css'
import { healthNames, stageMeanings, stageNames, stagePlaces, waitingOf } from './words'

interface Edge {
  from: StageName
  to: StageName
}

/** The stages as cards, and the ways between them as lines, which move where something flows. Where the page is narrow the cards say where they lead. */
export function Graph({ stages, edges }: { stages: readonly PipelineStage[]; edges: readonly Edge[] }) {
  const box = useRef<HTMLDivElement>(null)
  const lines = useLines(box, edges)
  const byName = new Map(stages.map((s) => [s.name, s]))
  return (
    <div ref={box} className={classes.graph}>
      <svg className={classes.lines} aria-hidden="true">
        <defs>
          <marker id="way" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M1 1 7 4 1 7" fill="none" stroke="context-stroke" strokeWidth="1.4" />
          </marker>
        </defs>
        {lines.map(({ edge, path }) => (
          <path
            key={`${edge.from} ${edge.to}`}
            d={path}
            markerEnd="url(#way)"
            data-flows={flows(byName.get(edge.from), byName.get(edge.to))}
          />
        ))}
      </svg>
      {stages.map((s) => (
        <Card key={s.name} stage={s} leads={edges.filter((e) => e.from === s.name).map((e) => e.to)} />
      ))}
    </div>
  )
}

/** Whether anything goes that way as of late. */
function flows(from: PipelineStage | undefined, to: PipelineStage | undefined): boolean {
  const moves = (s: PipelineStage | undefined) => (s?.per_second ?? 0) > 0 || (s?.in_hand ?? 0) > 0
  // What the sink carries goes one way or the other, and what is in quarantine waits until somebody puts it right.
  const waits = from?.name === 'sink' || from?.name === 'quarantine'
  return moves(from) && (!waits || moves(to))
}

function Card({ stage: s, leads }: { stage: PipelineStage; leads: readonly StageName[] }) {
  const travel = useTravel()
  const place = stagePlaces[s.name]
  const [value, ...unit] = (s.depth === null ? formatRate(s.per_second) : waitingOf(s.depth, s.unit)).split(' ')
  const content = (
    <>
      <span className={classes.cardHead}>
        <strong>{stageNames[s.name]}</strong>
        <HealthIcon health={s.health} />
        <VisuallyHidden>{healthNames[s.health]}</VisuallyHidden>
      </span>
      <span className={classes.meaning}>{stageMeanings[s.name]}</span>
      <span className={classes.depth} data-none={s.depth === 0 || s.per_second === 0}>
        {value} {unit.length > 0 && <small>{[...unit, s.depth === 1 ? 'waits' : 'wait'].join(' ')}</small>}
      </span>
      <span className={classes.figures}>
        {s.depth !== null && s.per_second !== null && <Figure name="Rate" value={formatRate(s.per_second)} />}
        {s.in_hand !== null && <Figure name="In hand" value={formatShort(s.in_hand)} />}
        {s.lag_seconds !== null && <Figure name="Takes" value={formatSpan(s.lag_seconds)} />}
        {s.oldest_seconds !== null && <Figure name="Oldest" value={formatSpan(s.oldest_seconds)} />}
      </span>
      {leads.length > 0 && <span className={classes.leads}>on to {leads.map((n) => stageNames[n]).join(' or ')}</span>}
    </>
  )
  const attributes = { className: classes.card, 'data-stage': s.name, 'data-health': s.health, title: s.why }
  return place === undefined ? (
    <div {...attributes}>{content}</div>
  ) : (
    <Link {...attributes} to={place.includes('?') ? place : travel(place)}>
      {content}
    </Link>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <span className={classes.figure}>
      <span>{name}</span> <b>{value}</b>
    </span>
  )
}

interface Line {
  edge: Edge
  path: string
}

/** The lines between the cards where they lie now. */
function useLines(box: RefObject<HTMLDivElement | null>, edges: readonly Edge[]): Line[] {
  const [lines, setLines] = useState<Line[]>([])
  const key = JSON.stringify(edges) // asked for again and again, and nearly always the same
  useEffect(() => {
    const root = box.current
    if (root === null) return
    const cardOf = (name: StageName) => root.querySelector<HTMLElement>(`[data-stage="${name}"]`)
    const observer = new ResizeObserver(() => {
      setLines(
        (JSON.parse(key) as Edge[]).flatMap((edge) => {
          const [from, to] = [cardOf(edge.from), cardOf(edge.to)]
          return from && to ? [{ edge, path: pathBetween(from, to) }] : []
        }),
      )
    })
    observer.observe(root) // it tells of the first size as well
    return () => observer.disconnect()
  }, [box, key])
  return lines
}

/** From edge to edge: straight where the cards lie in one row, in a bow where they do not. */
function pathBetween(from: HTMLElement, to: HTMLElement): string {
  const middle = (e: HTMLElement) => ({ x: e.offsetLeft + e.offsetWidth / 2, y: e.offsetTop + e.offsetHeight / 2 })
  const [a, b] = [middle(from), middle(to)]
  if (from.offsetTop === to.offsetTop) {
    const right = b.x > a.x
    const y = from.offsetTop + Math.min(from.offsetHeight, to.offsetHeight) / 2
    const x1 = right ? from.offsetLeft + from.offsetWidth : from.offsetLeft
    const x2 = right ? to.offsetLeft : to.offsetLeft + to.offsetWidth
    return `M${x1} ${y} H${x2 + (right ? -2 : 2)}`
  }
  const down = b.y > a.y
  const y1 = down ? from.offsetTop + from.offsetHeight : from.offsetTop
  const y2 = (down ? to.offsetTop : to.offsetTop + to.offsetHeight) + (down ? -2 : 2)
  if (Math.abs(a.x - b.x) < 2) return `M${a.x} ${y1} V${y2}`
  const x2 = b.x + Math.sign(a.x - b.x) * to.offsetWidth * 0.3
  const half = (y1 + y2) / 2
  return `M${a.x} ${y1} C${a.x} ${half} ${x2} ${half} ${x2} ${y2}`
}
