import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'

import { chord, createServer, type Server, task } from '../../src/index.ts'
import { describeService, type ServiceInTests } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { closing, rawClient } from './redis-fixture.ts'

const add = task('add', (...terms: number[]) => terms.reduce((sum, term) => sum + term, 0))
const mul = task('mul', (...factors: number[]) => factors.reduce((product, factor) => product * factor, 1))
const fail = task('fail', () => {
  throw new Error('boom <&>')
})

/** A server that writes what Go writes, and a plain client. */
async function openGoLike(service: ServiceInTests, wire: 'full-upstream' | 'full-fork' = 'full-upstream') {
  const name = service.namespace()
  const url = `${service.url}?delayedKey=${name}-delayed`
  const server = await createServer({
    broker: url,
    resultBackend: url,
    defaultQueue: name,
    tasks: [add, mul, fail],
    wire,
  })
  closing(server)
  return { server, raw: rawClient(service.url), queue: name, delayedKey: `${name}-delayed` }
}

const id = (prefix: string, name: string): string => `${prefix}_${name}`

/** Values that differ between runs, as one letter. */
const withoutTimes = (text: string | null): string | undefined =>
  text?.replace(/"(CreatedAt|ETA)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"/g, '"$1":"T"')

const state = (uuid: string, name: string, rest: string): string =>
  `{"TaskUUID":"${uuid}","TaskName":"${name}",${rest},"CreatedAt":"T","TTL":0}`

const pendingState = (uuid: string, name: string): string =>
  state(uuid, name, '"State":"PENDING","Results":null,"Error":""')

const successState = (uuid: string, name: string, value: number): string =>
  state(uuid, name, `"State":"SUCCESS","Results":[{"Type":"int64","Value":${value}}],"Error":""`)

const int64 = (value: number): string => `{"Name":"","Type":"int64","Value":${value}}`

interface UpstreamFields {
  readonly uuid: string
  readonly name: string
  readonly routingKey?: string
  readonly eta?: string
  readonly group?: readonly [uuid: string, count: number]
  readonly args?: readonly number[]
  readonly callback?: string
}

/** The document of go-brokers-backends 7.1. */
const upstream = ({
  uuid,
  name,
  routingKey = '',
  eta = 'null',
  group = ['', 0],
  args,
  callback,
}: UpstreamFields) =>
  `{"UUID":"${uuid}","Name":"${name}","RoutingKey":"${routingKey}","ETA":${eta},"GroupUUID":"${group[0]}","GroupTaskCount":${group[1]},` +
  `"Args":${args === undefined ? 'null' : `[${args.map(int64).join(',')}]`},"Headers":{},"Priority":0,"Immutable":false,` +
  `"RetryCount":0,"RetryTimeout":0,"OnSuccess":null,"OnError":null,"ChordCallback":${callback ?? 'null'},` +
  `"BrokerMessageGroupId":"","SQSReceiptHandle":"","StopTaskDeletionOnError":false,"IgnoreWhenTaskNotRegistered":false}`

/** The document of go-brokers-backends 7.2. */
const fork = (uuid: string, queue: string, args: readonly number[]): string =>
  `{"UUID":"${uuid}","Name":"add","RoutingKey":"${queue}","Delay":0,"IngestionTime":null,"FirstReceived":null,` +
  `"ReceivedAt":"0001-01-01T00:00:00Z","GroupUUID":"","GroupTaskCount":0,"Args":[${args.map(int64).join(',')}],` +
  `"Headers":{},"Priority":0,"Immutable":false,"RetryCount":0,"AttemptCount":0,"RetryTimeout":0,"SplitSpan":false,` +
  `"OnSuccess":null,"OnError":null,"ChordCallback":null,"BrokerMessageGroupId":"","SQSReceiptHandle":"","SQSMessageID":"",` +
  `"AzureMessageID":"","AzurePopReceipt":"","AzureMessageContent":"","NoBackend":false,"StopTaskDeletionOnError":false,` +
  `"IgnoreWhenTaskNotRegistered":false}`

/** Runs what is queued until `uuids` have ended, then stops. */
async function work(server: Server, uuids: readonly string[]): Promise<void> {
  const worker = await server.startWorker({ noSignals: true, concurrency: 2 })
  for (const uuid of uuids)
    await server
      .result(uuid)
      .get({ timeoutMs: 10_000 })
      .catch(() => {})
  await worker.close()
}

/** Keys and types of everything whose name contains the text, companions included; not the hint who looks after delayed messages, which expires. */
async function keysOf(raw: Redis, text: string): Promise<Readonly<Record<string, string>>> {
  const keys = (await raw.keys(`*${text}*`)).filter((key) => !key.endsWith(':ml')).toSorted()
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await raw.type(key)] as const)))
}

/** From its last write, which was a moment ago. */
async function expectKeptAnHour(raw: Redis, uuid: string): Promise<void> {
  const seconds = await raw.ttl(uuid)
  expect(seconds > 3_570 && seconds <= 3_600, `${uuid} is kept for ${seconds} s`).toBe(true)
}

await describeService('redis', (service) => {
  describe('the same sends leave what Go leaves, with a wire of Go', () => {
    it('a task, before and after it ran (7.1)', async () => {
      const { server, raw, queue } = await openGoLike(service)
      const uuid = id('task', queue)
      await server.send(add(1, 1).with({ uuid }))
      expect(await keysOf(raw, queue)).toEqual({ [queue]: 'list', [uuid]: 'string' })
      expect(await raw.lrange(queue, 0, -1)).toEqual([
        upstream({ uuid, name: 'add', routingKey: queue, args: [1, 1] }),
      ])
      expect(withoutTimes(await raw.get(uuid))).toBe(pendingState(uuid, 'add'))
      const created = /"CreatedAt":"(.*?)"/.exec((await raw.get(uuid)) ?? '')?.[1]
      await work(server, [uuid])
      expect(await keysOf(raw, queue), 'nothing else is left').toEqual({ [uuid]: 'string' })
      expect(withoutTimes(await raw.get(uuid))).toBe(successState(uuid, 'add', 2))
      expect(await raw.get(uuid), 'the time of the send stays').toContain(`"CreatedAt":"${created}"`)
      await expectKeptAnHour(raw, uuid)
      await raw.del(uuid)
    })

    it('a task that fails, without arguments, with the escapes of Go (7.1)', async () => {
      const { server, raw, queue } = await openGoLike(service)
      const uuid = id('task', queue)
      await server.send(fail().with({ uuid }))
      expect(await raw.lindex(queue, 0)).toBe(upstream({ uuid, name: 'fail', routingKey: queue }))
      await work(server, [uuid])
      expect(withoutTimes(await raw.get(uuid))).toBe(
        state(uuid, 'fail', String.raw`"State":"FAILURE","Results":null,"Error":"boom \u003c\u0026\u003e"`),
      )
      await expectKeptAnHour(raw, uuid)
      await raw.del(uuid)
    })

    it('a task of the fork (7.2)', async () => {
      const { server, raw, queue } = await openGoLike(service, 'full-fork')
      const uuid = id('task', queue)
      await server.send(add(1, 1).with({ uuid }))
      expect(await raw.lindex(queue, 0)).toBe(fork(uuid, queue, [1, 1]))
      expect(withoutTimes(await raw.get(uuid))).toBe(pendingState(uuid, 'add'))
      await raw.del(uuid, queue)
    })

    it('a delayed task, and what it becomes when it is due (7.3)', async () => {
      const { server, raw, queue, delayedKey } = await openGoLike(service)
      const uuid = id('task', queue)
      const eta = Date.now() + 60_000
      await server.send(add(1, 1).with({ uuid, eta }))
      const member = upstream({
        uuid,
        name: 'add',
        routingKey: queue,
        eta: JSON.stringify(new Date(eta).toISOString().replace(/\.?0*Z$/, 'Z')),
        args: [1, 1],
      })
      const [stored, score] = await raw.zrange(delayedKey, '0', '-1', 'WITHSCORES')
      expect(stored).toBe(member)
      expect(
        Math.abs(Number(score) / 1e6 - eta),
        'Unix nanoseconds, by the clock of the server',
      ).toBeLessThan(2_000)
      expect(withoutTimes(await raw.get(uuid))).toBe(pendingState(uuid, 'add'))
      expect(await keysOf(raw, queue)).toEqual({ [delayedKey]: 'zset', [uuid]: 'string' })
      await raw.zadd(delayedKey, 'XX', '1', member)
      await work(server, [uuid])
      expect(await keysOf(raw, queue)).toEqual({ [uuid]: 'string' })
      expect(withoutTimes(await raw.get(uuid))).toBe(successState(uuid, 'add', 2))
      await raw.del(uuid)
    })

    it('a chord: description, members, and the callback that is sent (7.4)', async () => {
      const { server, raw, queue } = await openGoLike(service)
      const [a, b, callback] = [id('task', `${queue}-1`), id('task', `${queue}-2`), id('chord', queue)]
      await server.send(
        chord([add(1, 1).with({ uuid: a }), add(2, 2).with({ uuid: b })], mul().with({ uuid: callback })),
      )
      const messages = await raw.lrange(queue, 0, -1)
      const group = /"GroupUUID":"(.*?)"/.exec(messages[0] ?? '')?.[1] ?? ''
      expect(group).toMatch(/^group_/)
      const inMember = upstream({ uuid: callback, name: 'mul' })
      const member = (uuid: string, value: number): string =>
        upstream({
          uuid,
          name: 'add',
          routingKey: queue,
          group: [group, 2],
          args: [value, value],
          callback: inMember,
        })
      expect(messages).toEqual([member(a, 1), member(b, 2)])
      const meta = (triggered: boolean): string =>
        `{"GroupUUID":"${group}","TaskUUIDs":["${a}","${b}"],"ChordTriggered":${triggered},"Lock":false,"CreatedAt":"T","TTL":0}`
      expect(withoutTimes(await raw.get(group))).toBe(meta(false))
      expect([withoutTimes(await raw.get(a)), withoutTimes(await raw.get(b))]).toEqual([
        pendingState(a, 'add'),
        pendingState(b, 'add'),
      ])
      expect(await raw.exists(callback), 'no state before its turn').toBe(0)
      expect(await keysOf(raw, queue)).toEqual({ [queue]: 'list', [a]: 'string', [b]: 'string' })
      expect(await keysOf(raw, group)).toEqual({ [group]: 'string' })

      const monitor = await raw.monitor()
      closing({ close: () => monitor.disconnect() })
      const seen: string[][] = []
      monitor.on('monitor', (_time: string, args: string[]) => seen.push(args))
      await work(server, [a, b, callback])
      const pushed = await waitFor(() =>
        seen.find(([command, key]) => /^rpush$/i.test(command ?? '') && key === queue),
      )
      expect(pushed[2], 'the callback').toBe(
        upstream({ uuid: callback, name: 'mul', routingKey: queue, args: [2, 4] }),
      )
      expect(withoutTimes(await raw.get(group))).toBe(meta(true))
      expect([withoutTimes(await raw.get(a)), withoutTimes(await raw.get(b))]).toEqual([
        successState(a, 'add', 2),
        successState(b, 'add', 4),
      ])
      expect(withoutTimes(await raw.get(callback))).toBe(successState(callback, 'mul', 8))
      for (const uuid of [a, b, callback]) await expectKeptAnHour(raw, uuid)
      expect(await keysOf(raw, queue)).toEqual({ [a]: 'string', [b]: 'string', [callback]: 'string' })
      await raw.del(a, b, callback, ...(await raw.keys(`*${group}*`)))
    })

    it('states are as the URL says, where it says something', async () => {
      const name = service.namespace()
      const url = `${service.url}?wire=compact`
      const options = { broker: url, resultBackend: url, defaultQueue: name, tasks: [add] }
      const server = closing(await createServer({ ...options, wire: 'full-upstream' }))
      const raw = rawClient(service.url)
      const uuid = id('task', name)
      await server.send(add(1, 1).with({ uuid }))
      expect(await raw.lindex(name, 0)).toBe(upstream({ uuid, name: 'add', routingKey: name, args: [1, 1] }))
      expect(withoutTimes(await raw.get(uuid))).toBe(
        `{"TaskUUID":"${uuid}","TaskName":"add","State":"PENDING","CreatedAt":"T"}`,
      )
      await raw.del(uuid, name)
    })

    it('the commands on the keys of Go (7.1)', async () => {
      const { server, raw, queue } = await openGoLike(service)
      const uuid = id('task', queue)
      const monitor = await raw.monitor()
      closing({ close: () => monitor.disconnect() })
      const seen: string[][] = []
      monitor.on('monitor', (_time: string, args: string[]) => seen.push(args))
      await server.send(add(1, 1).with({ uuid }))
      await waitFor(() => seen.some(([command, key]) => /^set$/i.test(command ?? '') && key === uuid))
      const onGoKeys = seen
        .filter(
          ([command = '', key]) =>
            !/^(evalsha|eval|get|exists)$/i.test(command) && (key === uuid || key === queue),
        )
        .map(([command = '', key = '', value = '', ...rest]) => [
          command.toUpperCase(),
          key,
          withoutTimes(value),
          ...rest,
        ])
      const day = String(24 * 3_600_000)
      expect(onGoKeys.toSorted(([one = ''], [other = '']) => one.localeCompare(other))).toEqual([
        ['RPUSH', queue, upstream({ uuid, name: 'add', routingKey: queue, args: [1, 1] })],
        ['SET', uuid, pendingState(uuid, 'add'), 'PX', day],
      ])
      await raw.del(uuid, queue)
    })
  })
})
