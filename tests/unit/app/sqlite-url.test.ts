import { describe, expect, it } from 'vitest'
import { sqliteOptions } from '../../../src/app/sqlite-url.ts'

describe('a sqlite: URL', () => {
  it.each([
    ['sqlite:./jobs.db', { path: './jobs.db' }],
    ['sqlite:/var/lib/jobs.db', { path: '/var/lib/jobs.db' }],
    ['sqlite:with%20space.db', { path: 'with space.db' }],
    ['sqlite:a.db?durability=power&leaseMs=5000', { path: 'a.db', durability: 'power', leaseMs: 5_000 }],
  ])('%s is understood', (url, options) => {
    expect(sqliteOptions(url)).toEqual(options)
  })

  it.each([
    ['sqlite:', 'sqlite: names no file; sqlite:./jobs.db is right'],
    ['sqlite:?durability=power', 'sqlite: names no file; sqlite:./jobs.db is right'],
    ['sqlite:a.db?durability=maybe', 'durability=maybe; durability=process|power and leaseMs=<ms> are right'],
    ['sqlite:a.db?leaseMs=-1', 'leaseMs=-1'],
    ['sqlite:a.db?cache=1', 'cache=1'],
  ])('%s is refused', (url, text) => {
    expect(() => sqliteOptions(url)).toThrow(text)
  })

  it('with a broken escape is refused with what would be right', () => {
    expect(() => sqliteOptions('sqlite:50%.db')).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }) as Error,
    )
  })
})
