import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { openStream, useVisible, type StreamState } from '../../api/stream'
import type { Event } from '../../api/types'
import { empty, rate, take, type Buffer } from './buffer'

/** How often the page is drawn again while events come, in milliseconds: faster than that nobody reads. */
const drawEvery = 250

interface Streaming {
  buffer: Buffer
  /** Events a second. */
  rate: number
  state: StreamState
  /** Events that came while paused; they are shown when the pause ends. */
  waiting: number
}

/** Listens, and gathers what comes between two drawings. */
export function useStream(event: string | null, paused: boolean, passes: (e: Event) => boolean): Streaming {
  const visible = useVisible()
  const [state, setState] = useState<StreamState>('connecting')
  const [drawn, setDrawn] = useState({ buffer: empty, rate: 0, waiting: 0 })
  const gathered = useRef<{ events: Event[]; missed: number }>({ events: [], missed: 0 })
  const wanted = useEffectEvent(passes)

  useEffect(() => {
    if (!visible) return
    return openStream(event, {
      onState: setState,
      onEvent: (e) => {
        if (wanted(e)) gathered.current.events.push(e)
      },
      onMissed: (count) => {
        gathered.current.missed += count
      },
    })
  }, [event, visible])

  useEffect(() => {
    const timer = setInterval(() => {
      const { events, missed } = gathered.current
      if (paused) {
        setDrawn((d) => (d.waiting === events.length ? d : { ...d, waiting: events.length }))
        return
      }
      gathered.current = { events: [], missed: 0 }
      setDrawn((d) => {
        const now = Date.now()
        const nothing = events.length === 0 && missed === 0
        if (nothing && d.buffer.arrivals.length === 0 && d.rate === 0 && d.waiting === 0) return d
        const buffer = take(d.buffer, events, missed, now)
        return { buffer, rate: rate(buffer, now), waiting: 0 }
      })
    }, drawEvery)
    return () => clearInterval(timer)
  }, [paused])

  return { ...drawn, state }
}
