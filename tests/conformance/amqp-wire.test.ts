import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { contract, createServer, int64 } from '../../src/index.ts'
import type { AmqpDocument } from '../interop/capture-amqp.ts'
import { describeService } from '../support/services.ts'
import {
  bodies,
  claimAll,
  closing,
  consume,
  openStore,
  outgoing,
  publish,
  rawChannel,
  rawGet,
} from './amqp-fixture.ts'

// What Go's Machinery declares, sends and reads (go-brokers-backends 3.2, 7.5), done here by a plain client.

/** A task, its state and a delayed task, recorded from Go: `tests/interop/capture.ts`. */
const GO_DOCUMENTS = readFileSync(join(import.meta.dirname, '../interop/golden/amqp.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as AmqpDocument) as [AmqpDocument, AmqpDocument, AmqpDocument]

const add = contract('add', { args: [], rest: int64.big, returns: int64.big })

const durable = { durable: true, autoDelete: false } as const

await describeService('rabbitmq', (service) => {
  /** Names of this test's own, as an application would set them in Go's configuration. */
  const names = () => {
    const test = service.namespace()
    return { exchange: `${test}_exchange`, defaultQueue: `${test}_tasks`, bindingKey: `${test}_task` }
  }

  it('declares what a Go worker declares, so that either may come first', async () => {
    const options = names()
    const go = await rawChannel(service.url)
    const { broker } = await openStore({ url: service.url, ...options })
    await publish(broker, outgoing(options.defaultQueue, 'first'))
    await go.assertExchange(options.exchange, 'direct', durable)
    await go.assertQueue(options.defaultQueue, durable)
    await go.bindQueue(options.defaultQueue, options.exchange, options.bindingKey)
    expect((await rawGet(go, options.defaultQueue)).content.toString()).toBe('first')
  })

  it('sends a message as Go reads it', async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    await publish(broker, outgoing(options.defaultQueue, '{"UUID":"task_1"}', { priority: 5 }))
    const go = await rawChannel(service.url)
    const { fields, properties, content } = await rawGet(go, options.defaultQueue)
    expect(fields).toMatchObject({
      exchange: options.exchange,
      routingKey: options.defaultQueue,
      redelivered: false,
    })
    expect(properties).toMatchObject({
      contentType: 'application/json',
      deliveryMode: 2,
      priority: 5,
      messageId: 'task_1',
      headers: {},
      expiration: undefined,
    })
    expect(content.toString()).toBe('{"UUID":"task_1"}')
  })

  it('sends the message that Go sends, with ids of its own and without copies of the headers', async () => {
    const options = names()
    const query = new URLSearchParams(options)
    const place = { broker: `${service.url}?${query.toString()}`, defaultQueue: options.defaultQueue }
    const server = closing(await createServer({ ...place, wire: 'full-upstream' }))
    const [{ properties: asGo, body }] = GO_DOCUMENTS
    await server.send(add(1n, 1n).with({ uuid: 'golden_amqp', priority: 5, headers: { k: 'v' } }))
    const go = await rawChannel(service.url)
    const { fields, properties, content } = await rawGet(go, options.defaultQueue)
    expect(fields).toMatchObject({ exchange: options.exchange, routingKey: options.defaultQueue })
    const own = { messageId: 'golden_amqp', correlationId: expect.any(String) as unknown, headers: {} }
    expect(properties).toEqual({ ...asGo, ...own })
    expect(content.toString()).toBe(
      body.replace('"RoutingKey":"machinery_task"', `"RoutingKey":"${options.defaultQueue}"`),
    )
  })

  it('receives what Go sent and what Go delayed as new messages, byte for byte', async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    const consumer = await consume(broker, options.defaultQueue)
    const go = await rawChannel(service.url)
    const [sent, , delayed] = GO_DOCUMENTS
    for (const { properties, body } of [sent, delayed])
      go.publish(options.exchange, options.bindingKey, Buffer.from(body), properties)
    const deliveries = await claimAll(consumer, 2)
    expect(bodies(deliveries)).toEqual([sent.body, delayed.body])
    expect(deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([0, 0])
  })

  it('receives what a Go producer sends to the binding key', async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    const consumer = await consume(broker, options.defaultQueue)
    const go = await rawChannel(service.url)
    const headers = { k: 'v' }
    go.publish(options.exchange, options.bindingKey, Buffer.from('from Go'), { persistent: true, headers })
    expect(bodies(await claimAll(consumer, 1))).toEqual(['from Go'])
  })

  it("receives what Go delayed, through Go's own queue", async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    const consumer = await consume(broker, options.defaultQueue)
    const go = await rawChannel(service.url)
    const queue = `delay.100.${options.exchange}.${options.defaultQueue}`
    const args = {
      'x-dead-letter-exchange': options.exchange,
      'x-dead-letter-routing-key': options.defaultQueue,
      'x-message-ttl': 100,
      'x-expires': 60_000,
    }
    await go.assertQueue(queue, { ...durable, arguments: args })
    await go.bindQueue(queue, options.exchange, queue)
    go.publish(options.exchange, queue, Buffer.from('later'), { persistent: true })
    const [delivery] = await claimAll(consumer, 1)
    expect(delivery).toMatchObject({ deliveryCount: 0, queue: options.defaultQueue })
  })

  it('brings a delayed message to a Go worker when it is due, without a queue for its delay', async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    const go = await rawChannel(service.url)
    await publish(broker, outgoing(options.defaultQueue, 'later', { delayMs: 300, priority: 3 }))
    expect(await go.get(options.defaultQueue, { noAck: true })).toBe(false)
    const { content, properties } = await rawGet(go, options.defaultQueue)
    expect(content.toString()).toBe('later')
    expect(properties).toMatchObject({ deliveryMode: 2, priority: 3, messageId: 'task_1' })
    await expect(go.checkQueue(`delay.300.${options.exchange}.${options.defaultQueue}`)).rejects.toThrow(
      '404',
    )
  })

  it('delays through one queue as Go has it, which serves one queue', async () => {
    const options = names()
    const delayedQueue = `${options.defaultQueue}_delayed`
    const { broker } = await openStore({ url: service.url, ...options, delayedQueue })
    const go = await rawChannel(service.url)
    await publish(broker, outgoing(options.defaultQueue, 'later', { delayMs: 1_500 }))
    const args = {
      'x-dead-letter-exchange': options.exchange,
      'x-dead-letter-routing-key': options.defaultQueue,
    }
    expect((await go.assertQueue(delayedQueue, { ...durable, arguments: args })).messageCount).toBe(1)
    expect(await broker.inspector?.delayed({ offset: 0, limit: 10 })).toMatchObject([
      { queue: options.defaultQueue },
    ])
    expect((await rawGet(go, options.defaultQueue)).content.toString()).toBe('later')
    const [outcome] = await broker.publish([
      outgoing(`${options.defaultQueue}_2`, 'refused', { delayMs: 300 }),
    ])
    expect(outcome).toMatchObject({
      outcome: 'refused',
      error: { code: 'ERR_OPTION_INVALID', details: { argument: 'x-dead-letter-routing-key' } },
    })
  })

  it('holds back again what comes before it is due', async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    const consumer = await consume(broker, options.defaultQueue)
    const go = await rawChannel(service.url)
    const due = Date.now() + 1_500
    go.sendToQueue(options.defaultQueue, Buffer.from('early'), {
      persistent: true,
      headers: { 'mq-due': due },
    })
    const [delivery] = await claimAll(consumer, 1)
    expect(delivery?.receivedAt).toBeGreaterThanOrEqual(due - 1)
    expect(delivery?.deliveryCount).toBe(0)
  })

  it('binds a queue of another name by that name alone', async () => {
    const options = names()
    const { broker } = await openStore({ url: service.url, ...options })
    const other = `${options.defaultQueue}_other`
    await consume(broker, other)
    await publish(broker, outgoing(options.defaultQueue, 'for the default queue'))
    const go = await rawChannel(service.url)
    go.publish(options.exchange, options.bindingKey, Buffer.from('for the binding key'))
    expect((await rawGet(go, options.defaultQueue)).content.toString()).toBe('for the default queue')
    expect((await rawGet(go, options.defaultQueue)).content.toString()).toBe('for the binding key')
    expect(await go.get(other)).toBe(false)
  })

  it('takes a queue that is there as it is, and names the argument that differs when it was asked for one', async () => {
    const options = names()
    const go = await rawChannel(service.url)
    await go.assertQueue(options.defaultQueue, { ...durable, arguments: { 'x-queue-type': 'quorum' } })
    const { broker } = await openStore({ url: service.url, ...options })
    await publish(broker, outgoing(options.defaultQueue, 'adopted'))
    expect(bodies(await claimAll(await consume(broker, options.defaultQueue), 1))).toEqual(['adopted'])

    const strict = await openStore({
      url: service.url,
      ...options,
      queueArguments: { 'x-queue-type': 'classic' },
    })
    const [outcome] = await strict.broker.publish([outgoing(options.defaultQueue, 'refused')])
    expect(outcome).toMatchObject({
      outcome: 'refused',
      error: {
        code: 'ERR_OPTION_INVALID',
        details: { queue: options.defaultQueue, argument: 'x-queue-type' },
      },
    })
    expect(outcome?.error?.message).toMatch(/'classic'.*'quorum'/)
  })

  it('declares a queue while another declaration is refused', async () => {
    const options = names()
    const go = await rawChannel(service.url)
    const others = Array.from({ length: 5 }, (_, index) => `${options.defaultQueue}_${index}`)
    await go.assertQueue(options.defaultQueue, { ...durable, arguments: { 'x-max-priority': 2 } })
    const queueArguments = { 'x-max-priority': 3 }
    const { broker } = await openStore({ url: service.url, ...options, queueArguments })
    const outcomes = await Promise.all(
      [options.defaultQueue, ...others].map((queue) => broker.publish([outgoing(queue, 'to each')])),
    )
    expect(outcomes.map(([one]) => one?.outcome)).toEqual(['refused', ...others.map(() => 'stored')])
  })

  it('names the type of an exchange that differs', async () => {
    const options = names()
    const go = await rawChannel(service.url)
    await go.assertExchange(options.exchange, 'fanout', durable)
    const { broker } = await openStore({ url: service.url, ...options })
    const error: unknown = await consume(broker, options.defaultQueue).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      details: { exchange: options.exchange, argument: 'type' },
    })
  })

  it("declares nothing with topology 'check' or 'none', and uses what is there", async () => {
    const options = names()
    const check = await openStore({ url: service.url, ...options, topology: 'check' })
    const none = await openStore({ url: service.url, ...options, topology: 'none' })
    for (const { broker } of [check, none]) {
      const [outcome] = await broker.publish([outgoing(options.defaultQueue, 'nowhere')])
      expect(outcome?.outcome).toBe('refused')
      await expect(
        consume(broker, options.defaultQueue).then((consumer) => consumer.claim(1)),
      ).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
    }
    const go = await rawChannel(service.url)
    await go.assertExchange(options.exchange, 'direct', durable)
    await go.assertQueue(options.defaultQueue, durable)
    await go.bindQueue(options.defaultQueue, options.exchange, options.defaultQueue)
    for (const { broker } of [check, none]) {
      await publish(broker, outgoing(options.defaultQueue, 'there'))
      const consumer = closing(await consume(broker, options.defaultQueue))
      const [delivery] = await claimAll(consumer, 1)
      expect(await consumer.settle([{ id: delivery?.id ?? '', kind: 'ack' }])).toEqual(['settled'])
      await consumer.close()
    }
  })

  it('routes by the binding key of a topic exchange, and declares a queue where nothing is bound', async () => {
    const options = { ...names(), exchangeType: 'topic' } as const
    const bindingKey = `${options.defaultQueue}.*.important`
    const { broker } = await openStore({ url: service.url, ...options, bindingKey })
    const key = `${options.defaultQueue}.eu.important`
    await publish(broker, outgoing(key, 'routed'), outgoing(key, 'delayed', { delayMs: 20 }))
    expect(bodies(await claimAll(await consume(broker, options.defaultQueue), 2))).toEqual([
      'routed',
      'delayed',
    ])
    const alone = `${options.defaultQueue}.us`
    await publish(broker, outgoing(alone, 'kept'), outgoing(alone, 'delayed', { delayMs: 20 }))
    expect(bodies(await claimAll(await consume(broker, alone), 2))).toEqual(['kept', 'delayed'])
    const go = await rawChannel(service.url)
    await expect(go.checkQueue(key)).rejects.toThrow('404')
  })
})
