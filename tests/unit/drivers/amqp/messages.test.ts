import { describe, expect, it } from 'vitest'

import type { AmqpMessage } from '../../../../src/drivers/amqp/amqp-client.ts'
import { amqpError } from '../../../../src/drivers/amqp/amqp-errors.ts'
import { deadFacts, deadHeaders, deliveryCount, dueAt } from '../../../../src/drivers/amqp/amqp-headers.ts'
import { matchesTopic, queueNameError } from '../../../../src/drivers/amqp/amqp-names.ts'
import { decodeRecord, encodeRecord } from '../../../../src/drivers/amqp/amqp-task-record.ts'

const message = (headers: Readonly<Record<string, unknown>>, redelivered = false): AmqpMessage => ({
  content: Buffer.from('{}'),
  fields: { deliveryTag: 1, redelivered, exchange: '', routingKey: 'q' },
  properties: { headers },
})

describe('the headers of a delivery', () => {
  it.each([
    [{}, false, 0, false],
    [{}, true, 1, true],
    [{ 'mq-deliveries': 2 }, false, 2, false],
    [{ 'mq-deliveries': 2 }, true, 3, true],
    [{ 'x-delivery-count': 4 }, true, 4, false],
    [{ 'mq-deliveries': 2, 'x-delivery-count': 4 }, true, 6, false],
    [{ 'mq-deliveries': 'many', 'x-delivery-count': -1 }, false, 0, false],
  ])('%j, redelivered %s: %d', (headers, redelivered, count, isUncounted) => {
    expect(deliveryCount(message(headers, redelivered))).toEqual({ count, isUncounted })
  })

  it('say nothing of a time that is no number', () => {
    expect(dueAt(message({ 'mq-due': 'soon' }))).toBeUndefined()
    expect(dueAt(message({ 'mq-due': 5 }))).toBe(5)
  })

  it('keep what a dead letter is, and cut a reason that is too long for a frame', () => {
    const facts = { id: 'x', reason: 'no ☃', deadAt: 7, deliveryCount: 2 }
    expect(deadFacts(message(deadHeaders(facts)), 0)).toEqual(facts)
    const long = deadFacts(message(deadHeaders({ ...facts, reason: '☃'.repeat(100_000) })), 0)
    expect(long.reason).toHaveLength(8_192)
    expect(deadFacts(message({ 'x-first-death-reason': 'expired' }), 3)).toMatchObject({
      id: 'at-3',
      reason: 'expired',
    })
  })
})

describe('names of queues', () => {
  it.each(['', 'amq.direct', 'mq.delay', 'x'.repeat(246), '☃'.repeat(82)])('are refused: %s', (queue) => {
    expect(queueNameError(queue, 'direct')?.code).toBe('ERR_OPTION_INVALID')
  })

  it('may have the signs of patterns, but not as a word of a topic', () => {
    expect(queueNameError('a.*', 'direct')).toBeUndefined()
    expect(queueNameError('a*.b#', 'topic')).toBeUndefined()
    expect(queueNameError('a.*', 'topic')?.code).toBe('ERR_OPTION_INVALID')
    expect(queueNameError('#', 'topic')?.code).toBe('ERR_OPTION_INVALID')
  })

  it.each([
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['a.#', 'a', true],
    ['a.#.c', 'a.b.b.c', true],
    ['#', 'anything.at.all', true],
    ['a.b', 'a.b', true],
    ['*.b', 'a.c', false],
  ])('%s matches %s: %s', (pattern, key, expected) => {
    expect(matchesTopic(pattern, key)).toBe(expected)
  })
})

describe('a refusal of the server', () => {
  it('names the argument that differs', () => {
    const text = `Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '5' of type 'signedint'"`
    const error = amqpError(Object.assign(new Error(text), { code: 406 }), 'amqp://h')
    expect(error).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      details: { queue: 'q', argument: 'x-message-ttl', ours: 'none' },
    })
    expect(error.message).toContain("the value '5'")
  })

  it.each([
    [404, 'ERR_OPTION_INVALID'],
    [403, 'ERR_STORE_FAILED'],
    [406, 'ERR_STORE_FAILED'],
    [undefined, 'ERR_CONNECTION_LOST'],
  ])('%s is %s', (code, expected) => {
    expect(amqpError(Object.assign(new Error('no'), { code }), 'amqp://h').code).toBe(expected)
  })
})

describe('the record of a task', () => {
  it("is Go's document, with what belongs to TypeScript in one member", () => {
    const state = {
      uuid: 'task_1',
      taskName: 'add',
      state: 'STARTED',
      results: [],
      error: '',
      createdAt: '2026-01-02T03:04:05Z',
      ttl: 0,
      retryAt: undefined,
    } as const
    const record = { state, token: 't', begins: 2, intents: { digest: 'eA==' } }
    const body = encodeRecord(record)
    expect(decodeRecord(body)).toEqual(record)
    expect(body.toString()).toBe(
      '{"TaskUUID":"task_1","TaskName":"add","State":"STARTED","Results":null,"Error":"","CreatedAt":"2026-01-02T03:04:05Z","TTL":0,"Mq":{"token":"t","begins":2,"intents":{"digest":"eA=="}}}',
    )
  })
})
