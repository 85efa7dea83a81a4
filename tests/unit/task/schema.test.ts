import { describe, expect, it } from 'vitest'
import {
  definitionOf,
  task,
  validateArguments,
  validateBeforeSend,
  type SchemaResult,
  type StandardSchema,
} from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

type Validate = (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>
const schemaOf = (validate: Validate): StandardSchema<readonly [unknown], [unknown]> => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as () => SchemaResult<[unknown]> },
})

/** One text that is a day; the handler gets a Date. */
const day: Validate = (value) => {
  const [text] = value as [unknown]
  if (typeof text === 'string' && !Number.isNaN(Date.parse(text))) return { value: [new Date(text)] }
  return { issues: [{ message: 'not a day', path: [0, { key: 'at' }] }, { message: 'try again' }] }
}

const remind = task('remind', (at: unknown) => at, { schema: schemaOf(day) })
const remindLater = task('remindLater', (at: unknown) => at, {
  schema: schemaOf(async (value) => day(value)),
})
const plain = task('plain', (at: unknown) => at)

describe('validateArguments', () => {
  it('gives the values as they are without a schema', () => {
    const values = [1]
    expect(validateArguments(definitionOf(plain), values)).toBe(values)
  })

  it('gives what the schema made of them', async () => {
    expect(validateArguments(definitionOf(remind), ['2026-05-01'])).toEqual([new Date('2026-05-01')])
    const later = validateArguments(definitionOf(remindLater), ['2026-05-01'])
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toEqual([new Date('2026-05-01')])
  })

  it('throws with every issue and its path', () => {
    const error = thrownError(() => validateArguments(definitionOf(remind), ['x']))
    expect(error.code).toBe('ERR_ARGUMENTS_INVALID')
    expect(error.message).toBe('arguments of task remind: [0].at: not a day; try again')
    expect(error.details['issues']).toHaveLength(2)
  })

  it('rejects where the schema answers with a promise', async () => {
    await expect(validateArguments(definitionOf(remindLater), ['x'])).rejects.toMatchObject({
      code: 'ERR_ARGUMENTS_INVALID',
      message: 'arguments of task remindLater: [0].at: not a day; try again',
    })
  })

  it('wraps what the schema throws', async () => {
    const broken = task('broken', (_at: unknown) => {}, {
      schema: schemaOf(() => {
        throw new TypeError('oops')
      }),
    })
    const error = thrownError(() => validateArguments(definitionOf(broken), []))
    expect(error.message).toBe('arguments of task broken: the schema threw: oops')
    expect(error.cause).toBeInstanceOf(TypeError)
    const rejecting = task('rejecting', (_at: unknown) => {}, {
      schema: schemaOf(() => Promise.reject(new Error('oops'))),
    })
    await expect(validateArguments(definitionOf(rejecting), [])).rejects.toMatchObject({
      code: 'ERR_ARGUMENTS_INVALID',
    })
  })

  it('refuses a schema that makes no tuple', () => {
    const wrong = task('wrong', (_at: unknown) => {}, { schema: schemaOf(() => ({ value: 'x' })) })
    const error = thrownError(() => validateArguments(definitionOf(wrong), []))
    expect(error.message).toBe('arguments of task wrong: the schema made "x" of them; a tuple is right')
  })
})

describe('validateBeforeSend', () => {
  it('is undefined at once where there is nothing to wait for', () => {
    expect(validateBeforeSend(plain(1))).toBeUndefined()
    expect(validateBeforeSend(remind('2026-05-01'))).toBeUndefined()
  })

  it('validates what the worker will see', async () => {
    let seen: unknown
    const spy = task('spy', (_at: unknown) => {}, {
      schema: schemaOf((value) => {
        seen = value
        return { value: value as unknown[] }
      }),
    })
    await validateBeforeSend(spy({ at: new Date(0), gone: undefined }))
    expect(seen).toEqual([{ at: '1970-01-01T00:00:00.000Z' }])
    await expect(validateBeforeSend(remindLater('2026-05-01'))).resolves.toBeUndefined()
  })

  it('throws or rejects what does not fit', async () => {
    expect(thrownError(() => validateBeforeSend(remind('x'))).code).toBe('ERR_ARGUMENTS_INVALID')
    await expect(validateBeforeSend(remindLater('x'))).rejects.toMatchObject({
      code: 'ERR_ARGUMENTS_INVALID',
    })
  })
})
