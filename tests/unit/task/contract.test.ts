import { describe, expect, it } from 'vitest'
import { array, int64, json, string } from '../../../src/core/arg-types/index.ts'
import { contract, definitionOf, signatureDataOf, type ContractSpec } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const split = contract('split', { args: [string, int64], returns: array(string) })
const addAll = contract('add', { args: [], rest: int64, returns: int64 })

describe('contract', () => {
  it('encodes arguments by the declared types', () => {
    expect(signatureDataOf(split('a', 2)).args).toEqual([
      { name: '', type: 'string', value: '"a"' },
      { name: '', type: 'int64', value: '2' },
    ])
    expect(signatureDataOf(addAll(1, 2, 3)).args.map(({ value }) => value)).toEqual(['1', '2', '3'])
    expect(signatureDataOf(split()).args).toEqual([])
  })

  it('names position, value and type of a wrong argument', () => {
    const error = thrownError(() => split('a', 1.5))
    expect(error.code).toBe('ERR_ARGUMENTS_INVALID')
    expect(error.message).toMatch(/^argument 2 of task split is 1\.5; its type is int64: /)
    expect(error.details).toEqual({ task: 'split', index: 1 })
    const rest = thrownError(() => addAll(1, 2, '3' as never))
    expect(rest.message).toMatch(/^argument 3 of task add is "3"; its type is int64: /)
  })

  it('refuses more arguments than declared', () => {
    const error = thrownError(() => (split as (...args: unknown[]) => unknown)('a', 1, 2))
    expect(error.code).toBe('ERR_ARGUMENTS_INVALID')
    expect(error.message).toBe('task split takes 2 arguments; 3 are given')
  })

  it('is implemented as a task of the same name and types', () => {
    const add = addAll.implement((...terms) => terms.reduce((a, b) => a + b, 0), { retryCount: 2 })
    expect(add.taskName).toBe('add')
    expect(add.options).toEqual({ retryCount: 2 })
    const definition = definitionOf(add)
    expect(definition.handler?.(1, 2)).toBe(3)
    expect(definition.declared).toBe(definitionOf(addAll).declared)
    expect(definitionOf(addAll).handler).toBeUndefined()
  })

  it('checks the implementation as task() does', () => {
    expect(thrownError(() => addAll.implement('x' as never)).message).toBe('Task must be a func type')
    expect(thrownError(() => addAll.implement(() => 1, { queue: '' })).code).toBe('ERR_OPTION_INVALID')
  })

  it('may name a foreign task that could not run here', () => {
    const foreign = contract('pkg/mail.Send ü', { args: [] })
    expect(foreign.taskName).toBe('pkg/mail.Send ü')
    expect(thrownError(() => foreign.implement(() => {})).message).toContain('task name is "pkg/mail.Send ü"')
  })

  it.each(['', 'a\nb', 'a'.repeat(257), 7])('refuses the name %j', (name) => {
    const error = thrownError(() => contract(name as string, { args: [] }))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toContain('a text of 1 to 256 characters without control characters is right')
  })

  it.each([
    [undefined, 'contract is undefined; { args, rest?, returns? } is right'],
    [{}, 'args is undefined; an array of argument types is right'],
    [{ args: [int64, 'int64'] }, 'args[1] is "int64"; an argument type such as int64 is right'],
    [{ args: [], rest: {} }, 'rest is an object; an argument type such as int64 is right'],
    [{ args: [], returns: null }, 'returns[0] is null; an argument type such as int64 is right'],
    [{ args: [], returns: [int64, 5] }, 'returns[1] is 5; an argument type such as int64 is right'],
    [
      { args: [], returns: [int64] },
      'returns is an array of 1; the type itself for one result, two or more for several, nothing for none, is right',
    ],
    [{ args: [], result: json }, 'a contract has the unknown option "result"; known are args, rest, returns'],
  ])('refuses the spec %#', (spec, message) => {
    const error = thrownError(() => contract('x', spec as ContractSpec))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toBe(message)
  })
})
