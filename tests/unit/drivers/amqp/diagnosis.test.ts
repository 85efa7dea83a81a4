import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { describe, expect, it } from 'vitest'

import { amqpManagement } from '../../../../src/drivers/amqp/amqp-management.ts'
import { amqpSettings } from '../../../../src/drivers/amqp/amqp-options.ts'
import { ruleRisks, type RuledQueue } from '../../../../src/drivers/amqp/amqp-queue-rules.ts'
import {
  majorVersion,
  managedView,
  versionFinding,
  type ManagedView,
} from '../../../../src/drivers/amqp/amqp-server-findings.ts'

describe('the server', () => {
  it.each([
    [{ product: 'RabbitMQ', version: '3.10.8' }, 'ok', 'RabbitMQ 3.10.8', 3],
    [{ product: 'RabbitMQ', version: '4.1.0' }, 'ok', 'RabbitMQ 4.1.0', 4],
    [{ product: 'RabbitMQ', version: '3.9.29' }, 'problem', 'RabbitMQ 3.9.29; 3.10 or later is right', 3],
    [
      { product: 'LavinMQ', version: '2.1.0' },
      'warning',
      'LavinMQ 2.1.0; RabbitMQ 3.10 or later is right',
      undefined,
    ],
    [{}, 'warning', 'a server of an unknown version; RabbitMQ 3.10 or later is right', undefined],
  ])('%j', (facts, level, text, major) => {
    expect(versionFinding(facts)).toEqual({ check: 'version', level, text, canRepair: false })
    expect(majorVersion(facts)).toBe(major)
  })
})

describe('the rules of a queue', () => {
  const risks = (queue: Partial<RuledQueue>): readonly string[] =>
    ruleRisks({ args: {}, policy: {}, ready: 0, major: 3, ...queue }).map(
      ({ level, text }) => `${level}: ${text.split(';')[0]}`,
    )
  const dlx = { 'x-dead-letter-exchange': 'x' }

  it.each<[string, Partial<RuledQueue>, readonly string[]]>([
    ['none', {}, []],
    ['of priorities', { args: { 'x-max-priority': 10, 'x-queue-type': 'quorum' } }, []],
    [
      'a length',
      { policy: { 'max-length': 5 }, ready: 4 },
      ['warning: drops its oldest messages beyond 5 messages (max-length with overflow drop-head)'],
    ],
    [
      'a length that is reached',
      { args: { 'x-max-length': 9 }, policy: { 'max-length': 5 }, ready: 5 },
      ['problem: drops its oldest messages beyond 5 messages (max-length with overflow drop-head)'],
    ],
    [
      'a size',
      { policy: { 'max-length-bytes': 1_000 } },
      ['warning: drops its oldest messages beyond 1000 bytes (max-length-bytes with overflow drop-head)'],
    ],
    ['a length that refuses', { args: { 'x-max-length': 5, 'x-overflow': 'reject-publish' }, ready: 5 }, []],
    [
      'a time to live, with dead letters',
      { args: dlx, policy: { 'message-ttl': 1_000 } },
      ['warning: passes to the exchange "x" messages that have waited for 1000 ms (message-ttl)'],
    ],
    [
      'an expiry',
      { args: { 'x-expires': 500 } },
      ['warning: is deleted with what is in it after 500 ms without a consumer (expires)'],
    ],
    [
      'a short consumer timeout',
      { policy: { 'consumer-timeout': 60_000 } },
      ['warning: takes a message away from a worker that runs it for 60000 ms (consumer-timeout)'],
    ],
    ['a long consumer timeout', { policy: { 'consumer-timeout': 7_200_000 } }, []],
    [
      'a delivery limit',
      { policy: { 'delivery-limit': 5 } },
      ['warning: drops a message after 5 returns (delivery-limit)'],
    ],
    ['a delivery limit, with dead letters', { args: dlx, policy: { 'delivery-limit': 5 } }, []],
    [
      'the delivery limit of RabbitMQ 4',
      { args: { 'x-queue-type': 'quorum' }, major: 4 },
      ['warning: drops a message after 20 returns (delivery-limit)'],
    ],
    [
      'no delivery limit on RabbitMQ 4',
      { args: { 'x-queue-type': 'quorum' }, policy: { 'delivery-limit': -1 }, major: 4 },
      [],
    ],
  ])('%s', (_, queue, expected) => {
    expect(risks(queue)).toEqual(expected)
  })
})

describe('the management plugin', () => {
  /** What is seen of a plugin that gives these answers by path, and 403 for any other. */
  async function view(answers: Readonly<Record<string, unknown>>): Promise<ManagedView> {
    const server = createServer(({ url = '' }, response) => {
      const answer = answers[url.replace(/^\/api\//, '').replace(/\?.*/, '')]
      response.writeHead(answer === undefined ? 403 : 200).end(JSON.stringify(answer))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://user:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      return await managedView(amqpManagement(url, '/', amqpSettings({})), 'jobs')
    } finally {
      await once(server.close(), 'close')
    }
  }
  const bindings = { 'exchanges/%2F/jobs/bindings/source': [] }
  const node = { name: 'a@h', running: true, mem_alarm: false, disk_free_alarm: false, partitions: [] }
  const texts = ({ findings }: ManagedView): readonly string[] =>
    findings.map(({ check, level, text }) => `${level} ${check}: ${text}`)

  it('tells of alarms, partitions and nodes that are gone', async () => {
    expect(texts(await view({ ...bindings, nodes: [node] }))).toEqual(['ok alarms: no node has an alarm'])
    const nodes = [
      { ...node, mem_alarm: true, disk_free_alarm: true },
      { name: 'b@h', running: false, partitions: ['a@h'] },
    ]
    expect(texts(await view({ ...bindings, nodes }))).toEqual([
      expect.stringMatching(/^problem alarms: node a@h is short of memory, so no server takes messages/),
      expect.stringMatching(/^problem alarms: node a@h is short of disk/),
      'problem alarms: node b@h does not run',
      'problem alarms: node b@h does not see a@h',
    ])
  })

  it('tells what is bound to the exchange', async () => {
    const rows = [
      { destination: 'a', destination_type: 'queue', routing_key: 'k' },
      { destination: 'x', destination_type: 'exchange', routing_key: 'k' },
    ]
    const seen = await view({ 'exchanges/%2F/jobs/bindings/source': rows, nodes: [] })
    expect(seen.bindings).toEqual([{ queue: 'a', key: 'k' }])
  })

  it('may refuse to answer, which is a warning without a secret', async () => {
    const seen = await view({})
    expect(seen.management).toBeUndefined()
    expect(texts(seen)).toEqual([
      expect.stringMatching(/^warning alarms: it could not be looked at: .* HTTP 403$/),
      expect.stringMatching(/^warning management: it could not be looked at: .* HTTP 403$/),
    ])
    expect(texts(seen).join()).not.toContain('hunter2')
  })

  it('may not be there', async () => {
    expect(texts(await managedView(undefined, 'jobs'))).toEqual([
      expect.stringMatching(/^warning management: managementUrl is not set/),
    ])
  })
})
