import { describe, expect, it } from 'vitest'
import { EMPTY_MESSAGE } from '../../../src/core/message.ts'
import { parseRetryPolicy } from '../../../src/core/retry-policy.ts'
import { resolveDelayMs } from '../../../src/core/wire/publish-fields.ts'
import { signature, task, toMessage, type AnyStep } from '../../../src/task/index.ts'
import { thrownError } from './thrown-error.ts'

const NOW = Date.parse('2026-05-01T12:00:00.000Z')
const context = { nowMs: NOW }
const add = task('add', (a: number, b: number) => a + b)
const log = task('log', (..._values: unknown[]) => {})

describe('toMessage', () => {
  it('sets only what was given', () => {
    expect(toMessage(add(1, 2).with({ uuid: 'u' }), context)).toEqual({
      ...EMPTY_MESSAGE,
      uuid: 'u',
      name: 'add',
      args: [
        { name: '', type: 'int64', value: '1' },
        { name: '', type: 'int64', value: '2' },
      ],
    })
  })

  it('has the fields of an empty message in the same order, so that all messages have one shape', () => {
    expect(Object.keys(toMessage(add(1, 2), context))).toEqual(Object.keys(EMPTY_MESSAGE))
  })

  it('carries every option', () => {
    const message = toMessage(
      add(1, 2).with({
        routingKey: 'critical',
        priority: 7,
        retryCount: 3,
        immutable: true,
        noResult: true,
        ignoreWhenTaskNotRegistered: true,
        stopTaskDeletionOnError: true,
        brokerMessageGroupId: 'g',
        headers: { tenant: 'a "quoted" ü' },
      }),
      context,
    )
    expect(message).toMatchObject({
      routingKey: 'critical',
      priority: 7,
      retryCount: 3,
      immutable: true,
      noBackend: true,
      ignoreWhenTaskNotRegistered: true,
      stopTaskDeletionOnError: true,
      brokerMessageGroupId: 'g',
    })
    expect([...(message.headers ?? [])]).toEqual([['tenant', '"a \\"quoted\\" ü"']])
  })

  it('takes queue, retryCount and noResult from the task unless the signature says otherwise', () => {
    const slow = task('slow', () => {}, { queue: 'slow', retryCount: 5, noResult: true })
    expect(toMessage(slow(), context)).toMatchObject({ routingKey: 'slow', retryCount: 5, noBackend: true })
    const own = slow().with({ routingKey: 'fast', retryCount: 0, noResult: false })
    expect(toMessage(own, context)).toMatchObject({ routingKey: 'fast', retryCount: 0, noBackend: false })
  })

  it('leaves the limits and the policy of the task with the worker', () => {
    const slow = task('slow', () => {}, { softLimitMs: 5, hardLimitMs: 10, retry: 'fibonacci' })
    expect(toMessage(slow(), context).headers).toBeUndefined()
  })

  it('carries the limits and the policy of the signature as headers of text', () => {
    const retry = { kind: 'fixed', delayMs: 250 } as const
    const headers = toMessage(add(1, 2).with({ retry, softLimitMs: 5, hardLimitMs: 10 }), context).headers
    expect([...(headers?.keys() ?? [])]).toEqual(['mq-retry', 'mq-soft-ms', 'mq-hard-ms'])
    expect(headers?.get('mq-soft-ms')).toBe('"5"')
    expect(headers?.get('mq-hard-ms')).toBe('"10"')
    expect(parseRetryPolicy(JSON.parse(headers?.get('mq-retry') ?? '') as string)).toEqual(retry)
  })

  it('refuses what is not a signature', () => {
    expect(thrownError(() => toMessage(add, context)).code).toBe('ERR_OPTION_INVALID')
    expect(thrownError(() => toMessage(undefined, context)).code).toBe('ERR_OPTION_INVALID')
  })
})

describe('the time of execution', () => {
  it('is the eta of the message itself, while the broker keeps the delay', () => {
    const message = toMessage(add(1, 2).with({ delayMs: 1_500 }), context)
    expect(message).toMatchObject({ eta: '2026-05-01T12:00:01.5Z', delayNs: 0n })
    expect(toMessage(add(1, 2).with({ eta: NOW + 60_000 }), context).eta).toBe('2026-05-01T12:01:00Z')
  })

  it('is never rounded to an earlier millisecond', () => {
    expect(toMessage(add(1, 2).with({ delayMs: 0.4 }), context).eta).toBe('2026-05-01T12:00:00.001Z')
  })

  it('is not set for a delay of 0', () => {
    expect(toMessage(add(1, 2).with({ delayMs: 0 }), context)).toMatchObject({ eta: '', delayNs: 0n })
  })

  it('is carried by an embedded signature for both dialects, when relative', () => {
    const [callback] = toMessage(
      add(1, 2).with({ onSuccess: [log().with({ delayMs: 1_500.5 })] }),
      context,
    ).onSuccess
    expect(callback).toMatchObject({ delayNs: 1_500_500_000n, eta: '2026-05-01T12:00:01.501Z' })
  })

  it('stays absolute in an embedded signature, when absolute', () => {
    const at = log().with({ eta: NOW + 60_000 })
    const [callback] = toMessage(add(1, 2).with({ onSuccess: [at] }), context).onSuccess
    expect(callback).toMatchObject({ delayNs: 0n, eta: '2026-05-01T12:01:00Z' })
  })

  it('is the delay that the broker is told', () => {
    expect(resolveDelayMs(toMessage(add(1, 2), context), NOW)).toBe(0)
    expect(resolveDelayMs(toMessage(add(1, 2).with({ delayMs: 5 }), context), NOW)).toBe(5)
    expect(resolveDelayMs(toMessage(add(1, 2).with({ eta: NOW + 70 }), context), NOW)).toBe(70)
    expect(resolveDelayMs(toMessage(add(1, 2).with({ eta: new Date(NOW - 70) }), context), NOW)).toBe(0)
  })
})

describe('callbacks', () => {
  it('are embedded whole, with their own callbacks', () => {
    const inner = log('inner').with({ uuid: 'inner' })
    const outer = log('outer').with({ uuid: 'outer', onSuccess: [inner], retryCount: 2 })
    const message = toMessage(
      add(1, 2).with({ onSuccess: [outer, inner], onError: [log().with({ uuid: 'e' })] }),
      context,
    )
    expect(message.onSuccess).toMatchObject([
      { uuid: 'outer', retryCount: 2, onSuccess: [{ uuid: 'inner', args: [{ value: '"inner"' }] }] },
      { uuid: 'inner' },
    ])
    expect(message.onError).toMatchObject([{ uuid: 'e', args: [] }])
    expect(message.onError[0]).not.toHaveProperty('retryCount', 2)
  })

  const nested = (levels: number): unknown => {
    let made = signature('leaf', [])
    for (let level = 1; level < levels; level += 1) made = signature('node', [], { onSuccess: [made] })
    return made
  }

  it('may be nested 128 deep, the outermost included', () => {
    expect(toMessage(nested(128), context).name).toBe('node')
    const error = thrownError(() => toMessage(nested(129), context))
    expect(error.code).toBe('ERR_WORKFLOW_TOO_LARGE')
    expect(error.message).toBe('nested signatures are more than 128 deep; at most 128 is right')
  })

  it('are at most 10,000, copies of one included', () => {
    const twice = (made: AnyStep): AnyStep => signature('node', [], { onSuccess: [made, made] as never })
    let made: AnyStep = signature('leaf', [])
    for (let level = 1; level < 13; level += 1) made = twice(made)
    expect(toMessage(made, context).onSuccess).toHaveLength(2)
    for (let level = 13; level < 100; level += 1) made = twice(made)
    const error = thrownError(() => toMessage(made, context))
    expect(error.code).toBe('ERR_WORKFLOW_TOO_LARGE')
    expect(error.message).toBe('nested signatures are more than 10000 in number; at most 10000 is right')
  })

  it('have the limits that are given', () => {
    const limits = { maxSignatureDepth: 200, maxSignatures: 199 }
    expect(toMessage(nested(200), { ...context, limits }).name).toBe('node')
    const few = { ...limits, maxSignatures: 198 }
    expect(thrownError(() => toMessage(nested(200), { ...context, limits: few })).message).toContain(
      '198 in number',
    )
  })
})
