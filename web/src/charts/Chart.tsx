import { Skeleton, useComputedColorScheme } from '@mantine/core'
import { useReducedMotion } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { EChartsCoreOption } from 'echarts/core'
import { useEffect, useRef, useState, type PointerEvent, type Ref, useImperativeHandle } from 'react'
import { tokens, type Tokens } from '../theme/tokens'
import type { EChartsType } from './echarts'
import classes from './Chart.module.css'

export interface ChartHandle {
  /** A picture of the chart as a data: URL, on the page's ground. */
  picture: () => string | null
}

interface ChartProps {
  /** The option for a width in pixels and the colours of the theme. Keep it the same function as long as nothing has changed. */
  option: (width: number, t: Tokens) => EChartsCoreOption
  label: string
  height: number
  /** Charts of one group share their crosshair. */
  group?: string
  onPick?: ((index: number) => void) | undefined
  /** Both inclusive. */
  onZoom?: ((first: number, last: number) => void) | undefined
  ref?: Ref<ChartHandle>
}

/** Draws with ECharts, which is loaded with the first chart. Click picks a place on the time axis, drag zooms. */
export function Chart({ option, label, height, group, onPick, onZoom, ref }: ChartProps) {
  const { data: lib } = useQuery({
    queryKey: ['echarts'],
    queryFn: () => import('./echarts'),
    staleTime: Infinity,
    gcTime: Infinity,
  })
  const scheme = useComputedColorScheme('dark')
  const still = useReducedMotion()
  const box = useRef<HTMLDivElement>(null)
  const [chart, setChart] = useState<EChartsType | null>(null)
  const [width, setWidth] = useState(0)

  useEffect(() => {
    if (lib === undefined || box.current === null) return
    const made = lib.init(box.current)
    if (group !== undefined) {
      made.group = group
      lib.connect(group)
    }
    const observer = new ResizeObserver(([entry]) => {
      made.resize()
      setWidth(Math.round(entry?.contentRect.width ?? 0))
    })
    observer.observe(box.current)
    setChart(made)
    return () => {
      observer.disconnect()
      made.dispose()
      setChart(null)
    }
  }, [lib, group])

  useEffect(() => {
    if (chart === null || width === 0) return
    chart.setOption(
      { ...option(width, tokens[scheme]), animation: !still, animationDuration: 300, animationDurationUpdate: 200 },
      { notMerge: true },
    )
  }, [chart, width, option, scheme, still])

  useImperativeHandle(
    ref,
    () => ({ picture: () => chart?.getDataURL({ pixelRatio: 2, backgroundColor: tokens[scheme].surface }) ?? null }),
    [chart, scheme],
  )

  const drag = useDrag(chart, onPick, onZoom)
  return (
    <div
      className={classes.frame}
      style={{ height }}
      role="img"
      aria-label={label}
      data-ready={chart !== null && width > 0}
    >
      <div ref={box} className={classes.box} data-pick={onPick !== undefined} {...drag.handlers} />
      {drag.from !== null && drag.to !== null && (
        <div
          className={classes.selection}
          style={{ left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }}
        />
      )}
      {lib === undefined && <Skeleton height={height} radius="md" className={classes.loading} />}
    </div>
  )
}

const clickPx = 4

/** Tells a click from a drag, and both in places on the axis. Fingers scroll the page, so they only click. */
function useDrag(
  chart: EChartsType | null,
  onPick?: (index: number) => void,
  onZoom?: (first: number, last: number) => void,
) {
  const [from, setFrom] = useState<number | null>(null)
  const [to, setTo] = useState<number | null>(null)
  const xOf = (e: PointerEvent<HTMLElement>) => e.clientX - e.currentTarget.getBoundingClientRect().left
  const indexAt = (x: number): number => Math.max(0, Math.round(Number(chart?.convertFromPixel({ xAxisIndex: 0 }, x))))
  const end = () => {
    setFrom(null)
    setTo(null)
  }
  const handlers = {
    onPointerDown: (e: PointerEvent<HTMLElement>) => {
      if (e.button !== 0 || chart === null) return
      setFrom(xOf(e))
    },
    onPointerMove: (e: PointerEvent<HTMLElement>) => {
      if (from === null || onZoom === undefined || e.pointerType !== 'mouse') return
      if (Math.abs(xOf(e) - from) > clickPx || to !== null) setTo(xOf(e))
    },
    onPointerUp: (e: PointerEvent<HTMLElement>) => {
      if (from === null) return
      const x = xOf(e)
      if (to === null) onPick?.(indexAt(x))
      else {
        const [first, last] = [indexAt(Math.min(from, x)), indexAt(Math.max(from, x))]
        if (last > first) onZoom?.(first, last)
      }
      end()
    },
    onPointerLeave: end,
    onPointerCancel: end,
  }
  return { from, to, handlers }
}
