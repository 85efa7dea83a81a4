import { describe, expect, it } from 'vitest'
import { signatureDataOf, task } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const add = task('add', (a: number, b: number) => a + b)
const log = task('log', (..._values: unknown[]) => {})
const optionsOf = (signature: unknown): object => signatureDataOf(signature).options

describe('with', () => {
  it('makes a changed copy under the same UUID', () => {
    const first = add(1, 2)
    const second = first.with({ delayMs: 5 })
    expect(second).not.toBe(first)
    expect(second.uuid).toBe(first.uuid)
    expect(optionsOf(first)).toEqual({})
    expect(optionsOf(second)).toEqual({ delayMs: 5 })
    expect(signatureDataOf(second).args).toBe(signatureDataOf(first).args)
  })

  it('leaves nothing that could be changed', () => {
    const signature = add(1, 2).with({ priority: 1 })
    const { args, options } = signatureDataOf(signature)
    for (const part of [signature, signatureDataOf(signature), args, options])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it('takes another UUID', () => {
    const signature = add(1, 2).with({ uuid: 'order-17:mail' })
    expect(signature.uuid).toBe('order-17:mail')
    expect(signature.with({ priority: 1 }).uuid).toBe('order-17:mail')
    expect(optionsOf(signature)).toEqual({})
  })

  it('adds up, the later replaces the earlier, undefined is not given', () => {
    const signature = add(1, 2)
      .with({ priority: 1, headers: { a: '1' } })
      .with({ priority: 2, headers: { b: '2' } })
    expect(optionsOf(signature)).toEqual({ priority: 2, headers: { b: '2' } })
    expect(optionsOf(signature.with({ priority: undefined } as never))).toEqual(optionsOf(signature))
  })

  it('lets delayMs and eta replace each other and refuses both at once', () => {
    const at = new Date('2026-05-01T00:00:00Z')
    expect(optionsOf(add(1, 2).with({ delayMs: 5 }).with({ eta: at }))).toEqual({ eta: at.getTime() })
    expect(optionsOf(add(1, 2).with({ eta: at }).with({ delayMs: 5 }))).toEqual({ delayMs: 5 })
    const error = thrownError(() => add(1, 2).with({ eta: 1, delayMs: 5 }))
    expect(error.message).toBe('eta is 1; either eta or delayMs, not both, is right')
  })

  it('keeps a copy of headers and callbacks', () => {
    const headers = { a: '1' }
    const onSuccess = [log('x')]
    const signature = add(1, 2).with({ headers, onSuccess })
    headers.a = '2'
    onSuccess.pop()
    expect(optionsOf(signature)).toMatchObject({ headers: { a: '1' }, onSuccess: [{ taskName: 'log' }] })
  })

  it('takes every option', () => {
    const all = {
      uuid: 'u',
      delayMs: 0.5,
      routingKey: 'q',
      priority: 255,
      headers: { 'x-tenant': 'a' },
      retryCount: 3,
      retry: { kind: 'fixed', delayMs: 5 },
      immutable: true,
      onSuccess: [log()],
      onError: [log()],
      noResult: true,
      softLimitMs: 5,
      hardLimitMs: 5,
      ignoreWhenTaskNotRegistered: true,
      stopTaskDeletionOnError: true,
      brokerMessageGroupId: 'g',
      resend: true,
    } as const
    const { uuid, ...others } = all
    expect(optionsOf(add(1, 2).with(all))).toEqual(others)
    expect(add(1, 2).with(all).uuid).toBe(uuid)
  })
})

describe('with refuses', () => {
  it.each([
    [{ uuid: '' }, 'uuid is ""; a text of 1 to 200 letters, digits and _ . : - is right'],
    [{ uuid: 'a b' }, 'uuid is "a b"; a text of 1 to 200 letters, digits and _ . : - is right'],
    [{ uuid: '__proto__' }, 'uuid is "__proto__"; a text of 1 to 200 letters, digits and _ . : - is right'],
    [
      { uuid: 'u'.repeat(201) },
      `uuid is "${'u'.repeat(80)}…"; a text of 1 to 200 letters, digits and _ . : - is right`,
    ],
    [{ delayMs: -1 }, 'delayMs is -1; a number of milliseconds from 0 to 9223372036854 is right'],
    [{ delayMs: Number.NaN }, 'delayMs is NaN; a number of milliseconds from 0 to 9223372036854 is right'],
    [{ delayMs: '5s' }, 'delayMs is "5s"; a number of milliseconds from 0 to 9223372036854 is right'],
    [
      { eta: new Date(Number.NaN) },
      'eta is an invalid Date; a Date or epoch milliseconds between the years 1970 and 9999 is right',
    ],
    [
      { eta: 253_402_300_800_000 },
      'eta is 253402300800000; a Date or epoch milliseconds between the years 1970 and 9999 is right',
    ],
    [{ routingKey: '' }, 'routingKey is ""; a text that is not empty is right'],
    [{ priority: 256 }, 'priority is 256; a whole number from 0 to 255 is right'],
    [{ priority: -1 }, 'priority is -1; a whole number from 0 to 255 is right'],
    [{ headers: [] }, 'headers is an array of 0; an object of texts is right'],
    [{ headers: null }, 'headers is null; an object of texts is right'],
    [{ headers: { a: 1 } }, 'headers["a"] is 1; a text is right'],
    [
      { headers: { 'mq-retry': 'x' } },
      'a name in headers is "mq-retry"; one that is not empty, not reserved and does not begin with mq- is right',
    ],
    [
      { headers: { '': 'x' } },
      'a name in headers is ""; one that is not empty, not reserved and does not begin with mq- is right',
    ],
    [{ retryCount: 1e10 }, 'retryCount is 10000000000; a whole number from 0 to 2147483647 is right'],
    [{ immutable: 1 }, 'immutable is 1; true or false is right'],
    [{ noResult: null }, 'noResult is null; true or false is right'],
    [{ onSuccess: log }, 'onSuccess is the function log; an array of signatures is right'],
    [{ onSuccess: [log] }, 'onSuccess[0] is the function log; a signature: a task that was called is right'],
    [{ onError: [log(), 'x'] }, 'onError[1] is "x"; a signature: a task that was called is right'],
    [{ softLimitMs: 1.5 }, 'softLimitMs is 1.5; a whole number from 1 to 253402300799999 is right'],
    [{ hardLimitMs: 5, softLimitMs: 6 }, 'softLimitMs is 6; at most hardLimitMs (5) is right'],
    [{ brokerMessageGroupId: 5n }, 'brokerMessageGroupId is 5n; a text that is not empty is right'],
    [{ resend: new Uint8Array(3) }, 'resend is 3 bytes; true or false is right'],
    [{ resend: {} }, 'resend is an object; true or false is right'],
  ])('wrong values (%#)', (options, message) => {
    const error = thrownError(() => add(1, 2).with(options as never))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toBe(message)
  })

  it('an unknown option, and options that are none', () => {
    const error = thrownError(() => add(1, 2).with({ delay: 5 } as never))
    expect(error.message).toMatch(
      /^a signature has the unknown option "delay"; known are uuid, delayMs, eta, /,
    )
    expect(error.details).toEqual({ option: 'delay' })
    expect(thrownError(() => add(1, 2).with(null as never)).message).toContain('send options is null')
  })

  it('a soft limit above the hard limit of an earlier call', () => {
    const signature = add(1, 2).with({ hardLimitMs: 10 })
    expect(thrownError(() => signature.with({ softLimitMs: 11 })).message).toContain(
      'at most hardLimitMs (10)',
    )
  })

  it.each([{ kind: 'function', delayMs: () => 5 }, () => 5])(
    'a retry function: it cannot travel (%#)',
    (retry) => {
      const error = thrownError(() => add(1, 2).with({ retry: retry as never }))
      expect(error.code).toBe('ERR_OPTION_INVALID')
      expect(error.message).toMatch(/^retry is /)
    },
  )

  it('__proto__ as the name of a header', () => {
    const headers = JSON.parse('{"__proto__":"x"}') as Record<string, string>
    expect(thrownError(() => add(1, 2).with({ headers })).message).toContain(
      'a name in headers is "__proto__"',
    )
  })
})
