import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { driverCommands } from '../../scripts/redis-commands.ts'
import { type AclPlaces, aclRules, type AclRole } from '../../src/drivers/redis/redis-acl.ts'
import { chain, chord, createServer, group, task } from '../../src/index.ts'
import {
  backendConformance,
  brokerConformance,
  lockConformance,
  sameStoreConformance,
  scheduleConformance,
} from '../../src/testing/index.ts'
import { describeService, type ServiceInTests } from '../support/services.ts'
import { closing, openStore, rawClient } from './redis-fixture.ts'
import { redisSessions } from './redis-sessions.ts'

const PASSWORD = 'of-a-test'
const DENIED = /NOPERM|can't (run|access)|no permission/i

/** Makes a user with exactly the rules of a role. Answers the URL with which it connects. */
async function setUser(
  service: ServiceInTests,
  role: AclRole,
  name: string,
  places: AclPlaces,
): Promise<string> {
  const admin = new Redis(service.url)
  await admin.call('acl', 'setuser', name, 'reset', 'on', `>${PASSWORD}`, ...aclRules(role, places))
  admin.disconnect()
  const url = new URL(service.url)
  url.username = name
  url.password = PASSWORD
  return url.href
}

async function deleteUser(service: ServiceInTests, name: string): Promise<void> {
  const admin = new Redis(service.url)
  await admin.call('acl', 'deluser', name)
  admin.disconnect()
}

await describeService('redis', (service) => {
  describe('a worker with the rights of the documentation', () => {
    const user = `worker-${process.pid}`
    let url = ''
    beforeAll(async () => {
      url = await setUser(service, 'worker', user, {
        queues: ['conformance-*', 'queue_conformance-*'],
        delayedKey: 'delayed-*',
      })
    })
    afterAll(() => deleteUser(service, user))

    for (const interop of ['none', 'go'] as const) {
      const name = `redis as a worker, interop ${interop}`
      const sessions = redisSessions(() => ({ url, interop }))
      backendConformance({ describe, it }, { name, open: sessions.backend, expiryStepMs: 400 })
    }
    const sessions = redisSessions(() => ({ url }))
    const name = 'redis as a worker'
    brokerConformance({ describe, it }, { name, open: sessions.broker })
    lockConformance({ describe, it }, { name, open: sessions.open })
    sameStoreConformance({ describe, it }, { name, open: sessions.open })
    scheduleConformance(
      { describe, it },
      {
        name,
        open: async () => {
          const session = await sessions.open()
          const { schedules } = session.backend
          const { schedules: other } = session.foreign
          if (schedules === undefined || other === undefined) throw new Error('redis has schedules')
          return { ...session, schedules, other }
        },
      },
    )

    it('may do nothing else', async () => {
      const admin = rawClient(service.url)
      const worker = rawClient(url)
      await admin.set(`other-${user}`, 'x')
      for (const call of [
        ['get', `other-${user}`],
        ['del', `other-${user}`],
        ['keys', '*'],
        ['flushall'],
        ['config', 'get', '*'],
        ['acl', 'list'],
        ['script', 'flush'],
        ['client', 'kill', 'id', '1'],
        ['publish', 'other', 'x'],
        ['eval', `return redis.call('GET', KEYS[1])`, '1', `other-${user}`],
      ]) {
        const [command = '', ...args] = call
        await expect(worker.call(command, ...args), call.join(' ')).rejects.toThrow(DENIED)
      }
      await admin.del(`other-${user}`)
    })
  })

  describe('a producer with the rights of the documentation', () => {
    const user = `producer-${process.pid}`
    afterAll(() => deleteUser(service, user))

    const add = task('add', (...terms: number[]) => terms.reduce((sum, term) => sum + term, 0))

    /** A server that may only send, a worker that may do its work, and a client that may do what the producer may. */
    async function openBoth() {
      const name = service.namespace()
      const places = { queues: [name], delayedKey: `${name}-delayed` }
      const url = await setUser(service, 'producer', user, places)
      const { delayedKey } = places
      const options = { defaultQueue: name, tasks: [add] }
      const sender = await openStore({ url, delayedKey, maxQueueLength: 1_000 })
      const runner = await openStore({ url: service.url, delayedKey })
      const producer = await createServer({
        ...options,
        broker: sender.broker,
        resultBackend: sender.backend,
      })
      const server = await createServer({ ...options, broker: runner.broker, resultBackend: runner.backend })
      closing(producer)
      closing(server)
      return { name, url, sender, producer, server, admin: rawClient(service.url) }
    }

    it('sends everything that can be sent, and reads the results', async () => {
      const { producer, server, name, admin } = await openBoth()
      const uuid = `task_${name}`
      const sent = [
        await producer.send(add(1, 1).with({ uuid })),
        await producer.send(add(1, 2).with({ priority: 7 })),
        await producer.send(add(1, 2).with({ priority: 7 })),
        await producer.send(add(1, 3).with({ delayMs: 10 })),
        await producer.send(add(1, 3).with({ delayMs: 10, priority: 3 })),
        await producer.send(chain(add(1, 1), add(2))),
        await producer.send(chord([add(1, 1), add(2, 2)], add())),
      ]
      const members = await producer.send(group([add(1), add(2)]))
      const many = await producer.sendMany([add(7), add(8)])
      const unstored = await producer.send(add(1).with({ noResult: true }))
      expect(unstored.uuid).toMatch(/^task_/)
      await server.startWorker({ noSignals: true })
      const results = await Promise.all(sent.map((one) => one.get({ timeoutMs: 20_000 })))
      expect(results).toEqual([2, 3, 3, 4, 4, 4, 6])
      expect(await members.get({ timeoutMs: 20_000 })).toEqual([1, 2])
      expect(await Promise.all(many.map((one) => one.get({ timeoutMs: 20_000 })))).toEqual([7, 8])
      const again = await producer.send(add(20, 2).with({ uuid, resend: true }))
      expect(await again.get({ timeoutMs: 20_000 })).toBe(22)
      await admin.del(uuid)
    })

    it('takes, removes and changes nothing', async () => {
      const { producer, sender, url, name, admin } = await openBoth()
      const uuid = `task_${name}`
      await producer.send(add(1, 1).with({ uuid }))
      const raw = rawClient(url)
      for (const call of [
        ['lpop', name],
        ['lrange', name, '0', '-1'],
        ['del', name],
        ['del', uuid],
        ['set', name, 'x'],
        ['rpush', uuid, 'x'],
        ['zrem', `${name}-delayed`, 'x'],
        ['hset', `mq:{${uuid}}:x`, 'tok', 'mine'],
        ['rpush', `mq:{${name}}:dead`, 'x'],
        ['hset', `mq:{group_${name}}:r`, uuid, '[]'],
        ['subscribe', `mq:w:${name}`],
        ['publish', 'other', 'x'],
        ['keys', '*'],
        ['eval', `return redis.call('LPOP', KEYS[1])`, '1', name],
        ['eval', `return redis.call('DEL', KEYS[1])`, '1', name],
      ]) {
        const [command = '', ...args] = call
        await expect(raw.call(command, ...args), call.join(' ')).rejects.toThrow(DENIED)
      }
      await expect(producer.startWorker({ noSignals: true })).rejects.toThrow(DENIED)
      await expect(
        sender.backend.tasks.begin([
          { uuid, taskName: 'add', token: 't', digest: 'd', ifFirst: false, expiresInMs: 1_000 },
        ]),
      ).rejects.toThrow(DENIED)
      expect(await admin.llen(name), 'all of it is still there').toBe(1)
      expect(await admin.get(uuid)).toContain('"State":"PENDING"')
      await admin.del(name, uuid)
    })
  })

  it('the rights come from the code: no command is missing in the list that the server knows', async () => {
    const known = new Set((await rawClient(service.url).call('command', 'list')) as string[])
    const commands = [...driverCommands()].filter((name) => name !== 'waitaof')
    expect(commands.filter((name) => !known.has(name.split('|')[0] ?? ''))).toEqual([])
    expect(commands).toEqual(
      expect.arrayContaining(['blmove', 'evalsha', 'hincrby', 'client|unblock', 'mget']),
    )
  })
})
