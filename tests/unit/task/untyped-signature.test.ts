import { describe, expect, it } from 'vitest'
import { array, int32 } from '../../../src/core/arg-types/index.ts'
import { signature, signatureDataOf, typed } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

describe('signature', () => {
  it('infers the types of values and keeps those that are given', () => {
    const made = signature('foreign', [
      1,
      'x',
      typed('int32', 5),
      typed(array(int32), [1, 2]),
      typed('uint64', 7),
    ])
    expect(signatureDataOf(made).args.map(({ type, value }) => [type, value])).toEqual([
      ['int64', '1'],
      ['string', '"x"'],
      ['int32', '5'],
      ['[]int32', '[1,2]'],
      ['uint64', '7'],
    ])
    expect(signatureDataOf(made).definition).toBeUndefined()
  })

  it('takes an object that merely looks like a typed value as JSON', () => {
    const made = signature('foreign', [{ type: 'int32', value: 5 }])
    expect(signatureDataOf(made).args).toEqual([
      { name: '', type: 'json', value: '{"type":"int32","value":5}' },
    ])
  })

  it('takes a bigint for the 64-bit types', () => {
    const made = signature('foreign', [typed('uint64', 2n ** 64n - 1n), typed('int', -1n)])
    expect(signatureDataOf(made).args.map(({ value }) => value)).toEqual(['18446744073709551615', '-1'])
    expect(thrownError(() => signature('foreign', [typed('int8', 1n)])).code).toBe('ERR_ARGUMENTS_INVALID')
  })

  it('has no arguments unless given, and takes options', () => {
    const made = signature('foreign').with({ priority: 1 })
    expect(signatureDataOf(made)).toMatchObject({ args: [], options: { priority: 1 } })
    expect(signature('foreign', [], { uuid: 'u', routingKey: 'q' }).uuid).toBe('u')
  })

  it('names position, value and type of a wrong argument', () => {
    const error = thrownError(() => signature('foreign', [1, typed('int8', 300)]))
    expect(error.code).toBe('ERR_ARGUMENTS_INVALID')
    expect(error.message).toMatch(/^argument 2 of task foreign is 300; its type is int8: /)
    expect(thrownError(() => signature('foreign', [() => 1])).message).toMatch(
      /^argument 1 of task foreign is the function/,
    )
  })

  it('refuses unknown types, names and argument lists', () => {
    const type = thrownError(() => typed('int128', 5))
    expect(type.code).toBe('ERR_OPTION_INVALID')
    expect(type.message).toMatch(/^type is "int128"; a type name of Go/)
    expect(thrownError(() => typed({} as never, 5)).code).toBe('ERR_OPTION_INVALID')
    expect(thrownError(() => signature('')).code).toBe('ERR_OPTION_INVALID')
    expect(thrownError(() => signature('x', 5 as never)).message).toBe(
      'args is 5; an array of values is right',
    )
    expect(thrownError(() => signature('x', [], { prio: 1 } as never)).code).toBe('ERR_OPTION_INVALID')
  })
})
