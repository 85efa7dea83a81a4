import { EventEmitter } from 'node:events'

import { expect, it } from 'vitest'

import type { OpenRedisClient } from '../../../../src/drivers/redis/redis-client.ts'
import { RedisConnection } from '../../../../src/drivers/redis/redis-connection.ts'
import { clientConnector } from '../../../../src/drivers/redis/redis-connector.ts'
import { queueKeys } from '../../../../src/drivers/redis/redis-keys.ts'
import { redisSettings } from '../../../../src/drivers/redis/redis-options.ts'
import { RedisWakeUp } from '../../../../src/drivers/redis/redis-wake-up.ts'
import { fakeClock } from '../../../../src/testing/fake-clock.ts'

/** A client whose `connect` never ends. */
function hangingClient(): EventEmitter & OpenRedisClient {
  const never = (): Promise<never> => new Promise(() => {})
  const client: unknown = Object.assign(new EventEmitter(), {
    ...{ status: 'connecting', options: {}, disconnect: () => {}, duplicate: never },
    ...{ connect: never, callBuffer: never, subscribe: never, unsubscribe: never },
  })
  return client as EventEmitter & OpenRedisClient
}

it('is connected when its client says so, also where connect never ends as in a Cluster that was failing', async () => {
  const client = hangingClient()
  const connector = await clientConnector(() => client, redisSettings({}))
  const opening = connector.open('command')
  await new Promise((resolve) => setImmediate(resolve))
  client.emit('ready')
  expect(await opening).toBe(client)
})

it('looks for messages while the connection that waits for them does not come', async () => {
  const clock = fakeClock()
  let giveUp: (why: Error) => void = () => {}
  const connecting = new Promise<never>((_, reject) => (giveUp = reject))
  const connection = { name: 'redis', openExtra: () => connecting } as unknown as RedisConnection
  const wakeUp = new RedisWakeUp(connection, queueKeys('q'), redisSettings({ clock }))
  let looks = 0
  const wait = (): void => void wakeUp.wait(() => (looks++, wait()))
  wait()
  await clock.advance(20_000)
  expect(looks).toBe(3)
  const closing = wakeUp.close()
  giveUp(new Error('the connection never came'))
  await closing
})

it('waits for the next connection where the socket has ended and the client did not hear of it', async () => {
  const client = Object.assign(hangingClient(), { status: 'ready', stream: { writable: true } })
  client.callBuffer = (command) => {
    if (!client.stream.writable) return Promise.reject(new Error("Stream isn't writeable"))
    return Promise.resolve(command === 'info' ? 'redis_version:7.2.0' : 'PONG')
  }
  const settings = redisSettings({})
  const connection = await RedisConnection.open(await clientConnector(() => client, settings), settings)
  client.stream.writable = false
  const asked = connection.command('ping', [])
  await new Promise((resolve) => setImmediate(resolve))
  client.stream.writable = true
  client.emit('ready')
  expect(String(await asked)).toBe('PONG')
})
