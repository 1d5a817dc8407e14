import { expect, it } from 'vitest'
import { nextPath } from './next'

it.each([
  ['', '/'],
  ['next=%2Fexplore%3Fevent%3Dpage_view', '/explore?event=page_view'],
  ['next=https%3A%2F%2Fevil.example', '/'],
  ['next=%2F%2Fevil.example', '/'],
  ['next=%2F%5Cevil.example', '/'],
  ['next=javascript%3Aalert(1)', '/'],
])('%s leads to %s', (query, path) => expect(nextPath(new URLSearchParams(query))).toBe(path))
