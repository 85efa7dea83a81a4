import { describe, expect, it } from 'vitest'
import { array, bool, bytes, int, int64, json, string } from '../../../src/core/arg-types/index.ts'
import type { Arg } from '../../../src/core/message.ts'
import { contract, decodeArguments, definitionOf, task } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const arg = (type: string, value: string): Arg => ({ name: '', type, value })
const any = definitionOf(task('any', (..._values: unknown[]) => {}))

describe('decodeArguments of a task with inferred types', () => {
  it('takes any supported types and any number', () => {
    const args = [
      arg('int32', '5'),
      arg('float64', '1.5'),
      arg('[]string', '["a"]'),
      arg('json', '{"a":1}'),
      arg('bool', 'true'),
    ]
    expect(decodeArguments(any, args)).toEqual([5, 1.5, ['a'], { a: 1 }, true])
    expect(decodeArguments(any, [])).toEqual([])
  })

  it('keeps large integers exact', () => {
    expect(decodeArguments(any, [arg('int64', '9223372036854775807')])).toEqual([9_223_372_036_854_775_807n])
  })

  it.each([
    [arg('interface{}', '1'), 'interface{} is not one of supported types'],
    [arg('int64', '"5"'), '5 is not int64'],
    [arg('string', '1'), '1 is not string'],
    [arg('int64', 'null'), '<nil> is not int64'],
    [arg('int64', '1.0'), 'strconv.ParseInt: parsing "1.0": invalid syntax'],
  ])("refuses %j with Machinery's text", (wrong, message) => {
    const error = thrownError(() => decodeArguments(any, [arg('int64', '1'), wrong]))
    expect(error.code).toBe('ERR_DECODE')
    expect(error.message).toBe(message)
  })
})

describe('decodeArguments of a contract', () => {
  const two = definitionOf(contract('two', { args: [int, string] }))
  const variadic = definitionOf(contract('variadic', { args: [bool], rest: int64 }))

  it('takes exactly the declared types', () => {
    expect(decodeArguments(two, [arg('int', '5'), arg('string', '"x"')])).toEqual([5, 'x'])
    expect(decodeArguments(variadic, [arg('bool', 'true')])).toEqual([true])
    expect(decodeArguments(variadic, [arg('bool', 'true'), arg('int64', '1'), arg('int64', '2')])).toEqual([
      true,
      1,
      2,
    ])
  })

  it.each([
    [two, [arg('int', '5')], 'reflect: Call with too few input arguments'],
    [two, [], 'reflect: Call with too few input arguments'],
    [variadic, [], 'reflect: Call with too few input arguments'],
    [
      two,
      [arg('int', '5'), arg('string', '"x"'), arg('int', '1')],
      'reflect: Call with too many input arguments',
    ],
    [two, [arg('int64', '5'), arg('string', '"x"')], 'reflect: Call using int64 as type int'],
    [two, [arg('bool', 'true'), arg('string', '"x"')], 'reflect: Call using bool as type int'],
    [
      variadic,
      [arg('bool', 'true'), arg('[]int64', '[1]')],
      'reflect: cannot use []int64 as type int64 in Call',
    ],
    [two, [arg('complex128', '5'), arg('string', '"x"')], 'complex128 is not one of supported types'],
    [two, [arg('int', '"5"'), arg('string', '"x"')], '5 is not int'],
  ])("binds as Go does and refuses with Go's text (%#)", (definition, args, message) => {
    const error = thrownError(() => decodeArguments(definition, args))
    expect(error.code).toBe('ERR_DECODE')
    expect(error.message).toBe(message)
  })

  it('knows the two names of bytes', () => {
    const blob = definitionOf(contract('blob', { args: [bytes] }))
    expect(decodeArguments(blob, [arg('[]byte', '"AQI="')])).toEqual([new Uint8Array([1, 2])])
    expect(decodeArguments(blob, [arg('[]uint8', '"AQI="')])).toEqual([new Uint8Array([1, 2])])
    const texts = definitionOf(contract('texts', { args: [array(string)] }))
    const error = thrownError(() => decodeArguments(texts, [arg('[]byte', '"AQI="')]))
    expect(error.message).toBe('reflect: Call using []uint8 as type []string')
  })

  it('takes any supported type where json is declared', () => {
    const open = definitionOf(contract('open', { args: [json], rest: json }))
    expect(decodeArguments(open, [arg('int64', '5'), arg('json', '{"a":1}'), arg('string', '"x"')])).toEqual([
      5,
      { a: 1 },
      'x',
    ])
    expect(thrownError(() => decodeArguments(open, [arg('error', '1')])).message).toBe(
      'error is not one of supported types',
    )
  })

  it('gives bigints where the contract wants them', () => {
    const big = definitionOf(contract('big', { args: [int64.big] }))
    expect(decodeArguments(big, [arg('int64', '5')])).toEqual([5n])
  })
})
