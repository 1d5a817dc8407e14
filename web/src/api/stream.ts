import { useEffect, useEffectEvent, useState } from 'react'
import type { Event } from './types'

/** `down` - not connected; it is tried again by itself. */
export type StreamState = 'connecting' | 'open' | 'down'

export interface StreamHandlers {
  onEvent: (event: Event) => void
  /** How many events were left out because this reader was too slow. */
  onMissed?: (count: number) => void
  onState?: (state: StreamState) => void
}

const retryAfterMs = 3000

/** Listens to stored events as they come, of one name or of all (null). Returns how to stop. */
export function openStream(event: string | null, handlers: StreamHandlers): () => void {
  let source: EventSource | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  const connect = () => {
    handlers.onState?.('connecting')
    source = new EventSource(
      event === null ? '/v1/events/stream' : `/v1/events/stream?event=${encodeURIComponent(event)}`,
    )
    source.addEventListener('open', () => handlers.onState?.('open'))
    source.addEventListener('event', (m) => handlers.onEvent(JSON.parse(m.data as string) as Event))
    source.addEventListener('missed', (m) =>
      handlers.onMissed?.((JSON.parse(m.data as string) as { count: number }).count),
    )
    source.addEventListener('error', () => {
      handlers.onState?.('down')
      // The browser connects again by itself, but gives up after an answer that is no stream.
      if (source?.readyState !== EventSource.CLOSED) return
      retry = setTimeout(connect, retryAfterMs)
    })
  }
  connect()
  return () => {
    clearTimeout(retry)
    source?.close()
  }
}

/** Whether this page can be seen. A hidden page needs no stream, and browsers allow only six to one host. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(() => document.visibilityState === 'visible')
  useEffect(() => {
    const update = () => setVisible(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', update)
    return () => document.removeEventListener('visibilitychange', update)
  }, [])
  return visible
}

/** Time for a burst to arrive before it is asked about, and the least time between two such questions, in milliseconds. */
const settleMs = 250
const pauseMs = 1500

/**
 * Calls back when new events have been stored, for as long as the page can be seen. The stream is closed at the first event and
 * opened again just before the callback: a busy tenant's events are not all sent just to say that there are some, and none
 * comes in between unnoticed.
 */
export function useNewEvents(enabled: boolean, onNew: () => Promise<void>) {
  const visible = useVisible()
  const notify = useEffectEvent(onNew)
  useEffect(() => {
    if (!enabled || !visible) return
    let stop: () => void = () => undefined
    let asked: number | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const listen = () => {
      let arrived = false
      let busy = true
      const again = () => {
        stop()
        timer = setTimeout(listen, Math.max(settleMs, (asked ?? 0) + pauseMs - Date.now()))
      }
      const ask = () => {
        asked = Date.now()
        void notify().finally(() => {
          busy = false
          if (arrived) again()
        })
      }
      stop = openStream(null, {
        onState: (state) => {
          if (state !== 'open') return
          // The page itself has just asked: what came between that and the stream is found a little later.
          if (asked === null) timer = setTimeout(ask, pauseMs)
          else ask()
        },
        onEvent: () => {
          if (arrived) return
          arrived = true
          if (!busy) again()
        },
      })
    }
    listen()
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [enabled, visible])
}
