import { describe, expect, it } from 'vitest'
import { definitionOf, isSignature, signatureDataOf, task, type AnyTask } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const add = task('add', (a: number, b: number) => a + b)

describe('task', () => {
  it('makes a handle with name and options', () => {
    const slow = task('slow.task:v1', () => {}, { retryCount: 3, queue: 'slow' })
    expect(slow.taskName).toBe('slow.task:v1')
    expect(slow.name).toBe('slow.task:v1')
    expect(slow.options).toEqual({ retryCount: 3, queue: 'slow' })
    expect(Object.isFrozen(slow.options)).toBe(true)
  })

  it.each(['', 'a b', 'a/b', 'ä', 'a'.repeat(129), 5, undefined])('refuses the name %j', (name) => {
    const error = thrownError(() => task(name as string, () => {}))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toMatch(
      /^task name is .*; a text of 1 to 128 letters, digits and _ \. : - is right$/,
    )
  })

  it('takes a name of 128 characters', () => {
    expect(task('a'.repeat(128), () => {}).taskName).toHaveLength(128)
  })

  it.each(['add', undefined, {}])("refuses the handler %j with Machinery's text", (handler) => {
    const error = thrownError(() => task('add', handler as () => void))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toBe('Task must be a func type')
  })

  it.each([
    [{ retryCount: -1 }, 'retryCount is -1; a whole number from 0 to 2147483647 is right'],
    [{ retryCount: 1.5 }, 'retryCount is 1.5; a whole number from 0 to 2147483647 is right'],
    [{ queue: '' }, 'queue is ""; a text that is not empty is right'],
    [{ noResult: 'yes' }, 'noResult is "yes"; true or false is right'],
    [{ softLimitMs: 0 }, 'softLimitMs is 0; a whole number from 1 to 253402300799999 is right'],
    [{ hardLimitMs: '5' }, 'hardLimitMs is "5"; a whole number from 1 to 253402300799999 is right'],
    [{ softLimitMs: 20, hardLimitMs: 10 }, 'softLimitMs is 20; at most hardLimitMs (10) is right'],
    [{ schema: {} }, 'schema is an object; a Standard Schema v1 (zod, valibot, arktype, …) is right'],
  ])('refuses the options %j', (options, message) => {
    const error = thrownError(() => task('add', () => {}, options as never))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toBe(message)
  })

  it('refuses a wrong retry policy and an unknown option', () => {
    const policy = thrownError(() => task('add', () => {}, { retry: 'never' as never }))
    expect(policy.code).toBe('ERR_OPTION_INVALID')
    expect(policy.message).toContain('retry')
    const unknown = thrownError(() => task('add', () => {}, { retries: 3 } as never))
    expect(unknown.code).toBe('ERR_OPTION_INVALID')
    expect(unknown.message).toMatch(
      /^task add has the unknown option "retries"; known are retry, retryCount, /,
    )
    expect(thrownError(() => task('add', () => {}, null as never)).message).toContain('task options is null')
  })

  it('counts an undefined option as not given', () => {
    expect(task('add', () => {}, { retryCount: undefined } as never).options).toEqual({})
  })

  it('takes a schema that is a function', () => {
    const schema = Object.assign(() => {}, {
      '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
    })
    expect(task('add', (...args: unknown[]) => args, { schema: schema as never }).options.schema).toBe(schema)
  })

  it('is the only thing that has a definition', () => {
    expect(definitionOf(add).handler?.(1, 2)).toBe(3)
    for (const other of [() => {}, {}, null, 'add']) {
      expect(thrownError(() => definitionOf(other as unknown as AnyTask)).code).toBe('ERR_OPTION_INVALID')
    }
  })
})

describe('a call of the handle', () => {
  it('makes a signature with encoded arguments', () => {
    const signature = add(1, 2)
    expect(isSignature(signature)).toBe(true)
    expect(signature.taskName).toBe('add')
    expect(signatureDataOf(signature).args).toEqual([
      { name: '', type: 'int64', value: '1' },
      { name: '', type: 'int64', value: '2' },
    ])
  })

  it('takes none, the first few or all arguments', () => {
    expect(signatureDataOf(add()).args).toHaveLength(0)
    expect(signatureDataOf(add(1)).args).toHaveLength(1)
  })

  it('infers the types of the wire', () => {
    const any = task('any', (..._args: unknown[]) => {})
    const call = any(1, 1.5, 'x', true, 5n, new Date(0), new Uint8Array([1]), [1, 2], ['a'], { a: 1 }, null)
    expect(signatureDataOf(call).args.map(({ type }) => type)).toEqual([
      'int64',
      'float64',
      'string',
      'bool',
      'int64',
      'time.Time',
      '[]uint8',
      '[]int64',
      '[]string',
      'json',
      'json',
    ])
  })

  it('is not touched by later changes of the arguments', () => {
    const list = [1, 2]
    const sumOf = task('sumOf', (terms: number[]) => terms.length)
    const signature = sumOf(list)
    list.push(3)
    expect(signatureDataOf(signature).args[0]?.value).toBe('[1,2]')
  })

  it.each([
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [() => {}, 'the function'],
  ])('refuses %s and names the position', (value, text) => {
    const error = thrownError(() => add(1, value as number))
    expect(error.code).toBe('ERR_ARGUMENTS_INVALID')
    expect(error.message).toContain(`argument 2 of task add is ${text}`)
    expect(error.details).toEqual({ task: 'add', index: 1 })
    expect(error.cause).toMatchObject({ code: 'ERR_ENCODE' })
  })

  it('has a UUID of its own each time', () => {
    expect(add(1, 2).uuid).toMatch(/^task_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(add(1, 2).uuid).not.toBe(add(1, 2).uuid)
  })
})

describe('signatureDataOf', () => {
  it('says what to do with a handle that was not called', () => {
    const error = thrownError(() => signatureDataOf(add))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toBe('signature is the function add; add(), the call of the task, is right')
    expect(thrownError(() => signatureDataOf('add')).message).toBe('signature is "add"; a signature is right')
  })
})
