import { createContext, useContext } from 'react'

const key = 'observatory-operator'

/** The operator's token is kept as long as the tab is open, and nowhere else. */
export function readToken(): string {
  return sessionStorage.getItem(key) ?? ''
}

export function keepToken(token: string) {
  if (token === '') sessionStorage.removeItem(key)
  else sessionStorage.setItem(key, token)
}

/** The token that the pages for operators ask with; "" where this machine is let in without one. */
export const TokenContext = createContext('')

export function useToken(): string {
  return useContext(TokenContext)
}
