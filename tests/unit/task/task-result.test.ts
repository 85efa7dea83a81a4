import { describe, expect, it } from 'vitest'
import { bool, int64, string } from '../../../src/core/arg-types/index.ts'
import {
  contract,
  decodeResults,
  definitionOf,
  encodeResult,
  isResults,
  results,
  task,
} from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const inferred = definitionOf(task('any', () => {}))
const one = definitionOf(contract('one', { args: [], returns: int64 }))
const two = definitionOf(contract('two', { args: [], returns: [bool, string] }))
const none = definitionOf(contract('none', { args: [] }))

describe('encodeResult', () => {
  it('infers the type of what was returned', () => {
    expect(encodeResult(inferred, undefined)).toEqual([])
    expect(encodeResult(inferred, 2)).toEqual([{ type: 'int64', value: '2' }])
    expect(encodeResult(inferred, Math.PI)).toEqual([{ type: 'float64', value: String(Math.PI) }])
    expect(encodeResult(inferred, null)).toEqual([{ type: 'json', value: 'null' }])
    expect(encodeResult(inferred, ['f', 'o', 'o'])).toEqual([{ type: '[]string', value: '["f","o","o"]' }])
    expect(encodeResult(inferred, { values: [1] })).toEqual([{ type: 'json', value: '{"values":[1]}' }])
  })

  it('makes several results of results()', () => {
    expect(encodeResult(inferred, results(1, 'x'))).toEqual([
      { type: 'int64', value: '1' },
      { type: 'string', value: '"x"' },
    ])
  })

  it('keeps to the contract', () => {
    expect(encodeResult(one, 2)).toEqual([{ type: 'int64', value: '2' }])
    expect(encodeResult(two, results(true, 'x'))).toEqual([
      { type: 'bool', value: 'true' },
      { type: 'string', value: '"x"' },
    ])
    expect(encodeResult(none, undefined)).toEqual([])
    expect(encodeResult(none, 'ignored')).toEqual([])
  })

  it.each([
    [inferred, () => {}, /^task any returned the function \(anonymous\): /],
    [inferred, results(1, undefined), /^task any returned undefined: /],
    [one, 1.5, /^task one returned 1\.5; its type is int64: /],
    [one, undefined, /^task one returned undefined; its type is int64: /],
    [one, results(1, 2), /^task one returned 2 results; one result is right$/],
    [two, true, /^task two returned true; results\(\) of 2 values is right$/],
    [two, results(true, 'x', 1), /^task two returned 3 results; results\(\) of 2 values is right$/],
    [two, results('x', true), /^task two returned "x"; its type is bool: /],
  ])('refuses what does not fit (%#)', (definition, returned, message) => {
    const error = thrownError(() => encodeResult(definition, returned))
    expect(error.code).toBe('ERR_RESULT_INVALID')
    expect(error.message).toMatch(message)
    expect(error.details).toEqual({ task: definition.name })
  })
})

describe('decodeResults', () => {
  it('gives undefined, the value or an array', () => {
    expect(decodeResults(undefined, [])).toBeUndefined()
    expect(decodeResults(inferred, encodeResult(inferred, 2))).toBe(2)
    expect(decodeResults(inferred, encodeResult(inferred, results(1, 'x')))).toEqual([1, 'x'])
    expect(decodeResults(two, encodeResult(two, results(true, 'x')))).toEqual([true, 'x'])
  })

  it('reads by the contract where the types agree, else by the type that is stored', () => {
    const big = definitionOf(contract('big', { args: [], returns: int64.big }))
    expect(decodeResults(big, [{ type: 'int64', value: '5' }])).toBe(5n)
    expect(decodeResults(big, [{ type: 'int32', value: '5' }])).toBe(5)
    expect(decodeResults(undefined, [{ type: 'int64', value: '9223372036854775807' }])).toBe(
      9_223_372_036_854_775_807n,
    )
  })

  it('reads a type that only Go knows as plain JSON', () => {
    expect(decodeResults(undefined, [{ type: 'main.Point', value: '{"X":1}' }])).toEqual({ X: 1 })
  })

  it('refuses a value that does not fit its type', () => {
    expect(thrownError(() => decodeResults(undefined, [{ type: 'int64', value: '"x"' }])).message).toBe(
      'x is not int64',
    )
  })
})

describe('results', () => {
  it('holds two values or more', () => {
    expect(results(1, 2).values).toEqual([1, 2])
    expect(isResults(results(1, 2))).toBe(true)
    expect(isResults({ values: [1, 2] })).toBe(false)
    expect(isResults(null)).toBe(false)
  })

  it.each([[[]], [[1]]])('refuses %j', (values) => {
    const error = thrownError(() => (results as (...args: unknown[]) => unknown)(...values))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toMatch(/^results\(\) has [01] values?; two or more are right: /)
  })
})
