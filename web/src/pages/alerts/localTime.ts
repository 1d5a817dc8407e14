/** Between an instant and the text of a field that shows the clock of a zone, such as 2026-11-21T09:30. */
export const localTime = {
  text(at: Date, zone: string): string {
    const shown = new Map(
      new Intl.DateTimeFormat('en-CA', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
      })
        .formatToParts(at)
        .map((p) => [p.type, p.value]),
    )
    const part = (type: Intl.DateTimeFormatPartTypes) => shown.get(type) ?? ''
    return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`
  },

  /** Null for what is not a time. A time that the clock skips, or shows twice, is one of those beside it. */
  parse(text: string, zone: string): Date | null {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return null
    const asUtc = new Date(`${text}:00Z`)
    if (Number.isNaN(asUtc.getTime())) return null
    let guess = asUtc
    // The offset at the guess may not be that at the answer, so it is asked for twice.
    for (let i = 0; i < 2; i++) {
      const shown = new Date(`${localTime.text(guess, zone)}:00Z`)
      guess = new Date(guess.getTime() + asUtc.getTime() - shown.getTime())
    }
    return guess
  },
}
