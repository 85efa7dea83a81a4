import { describe, expect, it } from 'vitest'

import { systemClock } from '../../src/core/clock.ts'
import { type Logger, silentLogger } from '../../src/core/logger.ts'
import { backendConformance } from '../../src/testing/index.ts'
import { describeService } from '../support/services.ts'
import { openStore, rawChannel, rawGet } from './amqp-fixture.ts'
import { amqpStore } from '../../src/drivers/amqp/index.ts'

const CREATED_AT = '2026-01-02T03:04:05Z'
const HOUR_MS = 3_600_000

await describeService('rabbitmq', (service) => {
  const open = async () => {
    const store = await amqpStore({ url: service.url, allowUnsafeChords: true })
    return { backend: store.backend, clock: systemClock, close: store.close }
  }
  backendConformance({ describe, it }, { name: 'amqp', open, expiryStepMs: 400 })

  it('keeps states as Go does: in a queue of the name of the task, for one reader', async () => {
    const uuid = `task_${service.namespace()}`
    const { backend } = await openStore({ url: service.url })
    const write = { uuid, taskName: 'add', expiresInMs: HOUR_MS }
    await backend.tasks.pending([{ ...write, createdAt: CREATED_AT, reset: false }])
    const go = await rawChannel(service.url)
    const declared = {
      durable: false,
      autoDelete: true,
      arguments: { 'x-message-ttl': HOUR_MS, 'x-expires': HOUR_MS },
    }
    expect((await go.assertQueue(uuid, declared)).messageCount).toBe(1)
    await backend.tasks.begin([{ ...write, token: 't', digest: 'd', ifFirst: false }])
    const results = [{ type: 'int64', value: '2' }]
    await backend.tasks.commit([{ ...write, token: 't', state: 'SUCCESS', results, error: '' }])
    const { content, properties } = await rawGet(go, uuid)
    expect(properties).toMatchObject({ contentType: 'application/json', deliveryMode: 2 })
    expect(content.toString()).toBe(
      `{"TaskUUID":"${uuid}","TaskName":"add","State":"SUCCESS","Results":[{"Type":"int64","Value":2}],"Error":"","CreatedAt":"${CREATED_AT}","TTL":0}`,
    )
    expect(await backend.tasks.get([uuid])).toEqual([undefined])
  })

  it('reads what Go wrote last', async () => {
    const uuid = `task_${service.namespace()}`
    const { backend } = await openStore({ url: service.url })
    await backend.tasks.get([uuid])
    const go = await rawChannel(service.url)
    for (const state of ['PENDING', 'RECEIVED', 'STARTED']) {
      const text = `{"TaskUUID":"${uuid}","TaskName":"","State":"${state}","Results":null,"Error":"","CreatedAt":"0001-01-01T00:00:00Z","TTL":0}`
      go.publish('machinery_exchange', uuid, Buffer.from(text), { persistent: true })
    }
    await go.checkQueue(uuid)
    expect((await backend.tasks.get([uuid]))[0]?.state).toBe('STARTED')
    expect((await backend.tasks.get([uuid]))[0]?.state).toBe('STARTED')
  })

  it('leaves no lock behind where a state cannot be read', async () => {
    const uuid = `task_${service.namespace()}`
    const go = await rawChannel(service.url)
    await go.assertQueue(uuid, { durable: false, autoDelete: true, arguments: { 'x-expires': 5_000 } })
    const { backend } = await openStore({ url: service.url })
    await expect(backend.tasks.get([uuid])).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
    await expect(go.checkQueue(`mq.lock.${uuid}`)).rejects.toThrow('404')
  })

  it('refuses groups unless they are allowed', async () => {
    const { backend } = await openStore({ url: service.url })
    const group = { groupUuid: 'group_1', taskUuids: ['task_1'], createdAt: CREATED_AT, expiresInMs: HOUR_MS }
    await expect(backend.groups.init([group])).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })

  it('lets a member end that another program sent, and says that nobody counts it', async () => {
    const groupUuid = `group_${service.namespace()}`
    const said: unknown[] = []
    const logger: Logger = { ...silentLogger, warn: (fields) => void said.push(fields) }
    const { backend } = await openStore({ url: service.url, logger })
    const outcome = { state: 'SUCCESS', results: [] } as const
    const finish = { groupUuid, memberUuid: 'task_1', count: 1, outcome, expiresInMs: HOUR_MS }
    expect(await backend.groups.finish([finish])).toEqual(['wait'])
    expect(said).toContainEqual({ groups: [groupUuid] })
    const go = await rawChannel(service.url)
    await expect(go.checkQueue(`mq.group.${groupUuid}`)).rejects.toThrow('404')
  })
})
