import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { serverOptions } from '../../../../src/app/config/config-options.ts'
import { createServer } from '../../../../src/app/create-server.ts'
import { loadConfig } from '../../../../src/app/load-config.ts'
import { configFolder, loadEnv, loadYaml } from './config-folder.ts'

const SAMPLE = join(import.meta.dirname, '../../../fixtures/config/testconfig.yml')
const AMQP = 'broker: amqp://h\nresult_backend: redis://h\n'

const driversOf = async (yaml: string): Promise<unknown> =>
  serverOptions((await loadYaml(yaml)).config).drivers

describe('the amqp section of Go', () => {
  it('becomes options of the amqp driver', async () => {
    const flags = { broker: 'amqp://h', resultBackend: 'amqp://h' }
    const { config } = await loadConfig({ file: SAMPLE, env: {}, flags })
    expect(serverOptions(config)).toMatchObject({
      defaultQueue: 'default_queue',
      resultsExpireInMs: 123_456_000,
      drivers: {
        amqp: {
          bindingKey: 'binding_key',
          exchange: 'exchange',
          exchangeType: 'exchange_type',
          prefetchCount: 123,
          queueArguments: { 'x-max-priority': 10 },
          bindingArguments: { 'image-type': 'png', 'x-match': 'any' },
          autoDelete: false,
        },
      },
    })
  })

  it('has the values of its loader where a part of it is set', async () => {
    expect(await driversOf(`${AMQP}amqp: {exchange: e}`)).toEqual({
      amqp: {
        exchange: 'e',
        exchangeType: 'direct',
        bindingKey: 'machinery_task',
        prefetchCount: 3,
        autoDelete: false,
      },
    })
  })

  it('has none of them where only a key is set that Go does not have, or in a module', async () => {
    const own = { amqp: { topology: 'check' } }
    expect(await driversOf(`${AMQP}amqp: {topology: check}`)).toEqual(own)
    const { path: cwd } = configFolder({
      'machinery.config.mjs': `export default { broker: 'amqp://h', amqp: { exchange: 'e' } }`,
    })
    expect(serverOptions((await loadConfig({ cwd, env: {} })).config).drivers).toEqual({
      amqp: { exchange: 'e' },
    })
  })

  it('sets no bound where prefetch_count is 0, as in Go', async () => {
    expect(await driversOf(`${AMQP}amqp: {prefetch_count: 0}`)).toEqual({
      amqp: expect.not.objectContaining({ prefetchCount: expect.anything() }),
    })
  })

  it('takes the separator and the TLS that stand beside it, and its own TLS first', async () => {
    const beside = `${AMQP}multiple_broker_separator: ';'\ntlsconfig: {servername: all}\n`
    expect(await driversOf(beside)).toMatchObject({ amqp: { urlSeparator: ';', tls: { servername: 'all' } } })
    expect(await driversOf(`${beside}amqp: {tls: {servername: own}}`)).toMatchObject({
      amqp: { tls: { servername: 'own' } },
      redis: { tls: { servername: 'all' } },
    })
  })

  it('is left out where no URL is amqp:', async () => {
    expect(await driversOf(`broker: 'memory:'\nresult_backend: ''\namqp: {exchange: e}`)).toBeUndefined()
  })

  it('says that auto_delete does nothing for the queues of exact delays', async () => {
    const notice = 'amqp.auto_delete has no effect here because amqp.delayedQueue is not set'
    expect((await loadYaml(`${AMQP}amqp: {auto_delete: true}`)).notices).toEqual([notice])
    const both = `${AMQP}amqp: {auto_delete: true, delayed_queue: later}`
    expect((await loadYaml(both)).notices).toEqual([])
    expect(await driversOf(both)).toMatchObject({ amqp: { autoDelete: true, delayedQueue: 'later' } })
  })

  it.each([
    ['exchange_type: fanout', 'exchangeType is "fanout"; it must be one of direct, topic'],
    ["exchange: ''", 'exchange is ""; it must be a name of 1 to 255 bytes'],
  ])('reaches the driver, which refuses %s', async (line, text) => {
    const { config } = await loadYaml(`broker: amqp://localhost:1\nresult_backend: ''\namqp: {${line}}`)
    await expect(createServer(serverOptions(config))).rejects.toThrow(text)
  })

  it('separates several URLs by what Go separates them by', async () => {
    const { config } = await loadEnv({
      BROKER: 'amqp://localhost:1###http://localhost:2',
      RESULT_BACKEND: '',
      MULTIPLE_BROKEN_SEPARATOR: '###',
    })
    await expect(createServer(serverOptions(config))).rejects.toThrow('http://localhost:2 is no URL of amqp')
  })

  it('may keep states elsewhere for longer than RabbitMQ could', async () => {
    const yaml = 'broker: amqp://localhost:1\nresults_expire_in: 100000000\nresult_backend: '
    const start = async (backend: string): Promise<unknown> =>
      createServer(serverOptions((await loadYaml(`${yaml}${backend}`)).config))
    await expect(start("''")).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' })
    await expect(start('amqp://localhost:1')).rejects.toThrow('resultsExpireInMs is 100000000000')
  })
})
