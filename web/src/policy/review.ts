export const reviewId = 'review'

/** Brings what is not published into sight, and the keyboard with it. */
export function review() {
  const panel = document.getElementById(reviewId)
  panel?.scrollIntoView({ block: 'start' })
  panel?.focus({ preventScroll: true })
}
