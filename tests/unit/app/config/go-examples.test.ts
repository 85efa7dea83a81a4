import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { loadConfig } from '../../../../src/app/load-config.ts'
import { loadEnv, loadYaml } from './config-folder.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/config')

describe('the examples of Go Machinery', () => {
  it('its YAML sample works unchanged', async () => {
    const { config } = await loadConfig({ file: join(FIXTURES, 'testconfig.yml'), env: {} })
    expect(config).toEqual({
      broker: 'broker',
      defaultQueue: 'default_queue',
      resultBackend: 'result_backend',
      resultsExpireInMs: 123_456_000,
      noSignals: true,
      amqp: {
        bindingKey: 'binding_key',
        exchange: 'exchange',
        exchangeType: 'exchange_type',
        prefetchCount: 123,
        queueArguments: { 'x-max-priority': 10 },
        bindingArguments: { 'image-type': 'png', 'x-match': 'any' },
        autoDelete: false,
      },
      sqs: { waitTimeMs: 123_000, visibilityTimeoutMs: 456_000, visibilityHeartbeat: false },
      redis: {
        maxIdle: 12,
        maxActive: 123,
        idleTimeoutMs: 456_000,
        waitForConnection: false,
        commandTimeoutMs: 17_000,
        writeTimeoutMs: 19_000,
        connectTimeoutMs: 21_000,
        normalPollPeriodMs: 1_001,
        delayedPollPeriodMs: 23,
        delayedKey: 'delayed_tasks_key',
        masterName: 'master_name',
      },
      dynamodb: { taskStatesTable: 'task_states_table', groupMetasTable: 'group_metas_table' },
    })
  })

  it('its environment sample works unchanged', async () => {
    const lines = readFileSync(join(FIXTURES, 'test.env'), 'utf8').trim().split('\n')
    const { config } = await loadEnv(Object.fromEntries(lines.map((line) => line.split('=', 2))))
    expect(config).toEqual({
      broker: 'broker',
      defaultQueue: 'default_queue',
      resultBackend: 'result_backend',
      resultsExpireInMs: 123_456_000,
      noSignals: false,
      amqp: {
        bindingKey: 'binding_key',
        exchange: 'exchange',
        exchangeType: 'exchange_type',
        prefetchCount: 123,
        bindingArguments: { 'image-type': 'png', 'x-match': 'any' },
        autoDelete: false,
      },
    })
  })

  it('the YAML of its README works unchanged', async () => {
    const { config } = await loadConfig({ file: join(FIXTURES, 'readme.yml'), env: {} })
    expect(config).toMatchObject({
      dynamodb: { taskStatesTable: 'task_states', groupMetasTable: 'group_metas' },
    })
  })

  it.each([
    'amqp://guest:guest@localhost:5672',
    'redis://localhost:6379',
    'redis://password@localhost:6379',
    'redis+socket://password@/path/to/file.sock:/0',
    'https://sqs.us-east-2.amazonaws.com/123456789012',
    'gcppubsub://YOUR_GCP_PROJECT_ID/YOUR_PUBSUB_SUBSCRIPTION_NAME',
    'memcache://10.0.0.1:11211,10.0.0.2:11211',
    'mongodb://localhost:27017/taskresults',
  ])('the URL %s of its README is taken as it is', async (url) => {
    const expected = { broker: url, resultBackend: url }
    expect((await loadYaml(`broker: '${url}'\nresult_backend: ${url}\n`)).config).toMatchObject(expected)
    expect((await loadEnv({ BROKER: url, RESULT_BACKEND: url })).config).toMatchObject(expected)
  })

  it('a file is read as a whole, beyond the 1,000 bytes that Go reads', async () => {
    const comment = `# ${'-'.repeat(70)}\n`.repeat(40)
    const { config } = await loadYaml(`broker: 'memory:'\n${comment}default_queue: last\n`)
    expect(config.defaultQueue).toBe('last')
  })
})

describe('values in YAML', () => {
  it.each([
    ['results_expire_in: 0x10', 16_000],
    ['results_expire_in: 010', 8_000],
    ['results_expire_in: 0o10', 8_000],
    ['results_expire_in: 0b11', 3_000],
    ['results_expire_in: 1_000', 1_000_000],
    ['results_expire_in: 3.0', 3_000],
    ['results_expire_in: 1e3', 1_000_000],
    ['results_expire_in: 1_0.0', 10_000],
    ['results_expire_in: +5', 5_000],
    ["results_expire_in: '5'", 5_000],
    ["results_expire_in: !!int '5'", 5_000],
    ['results_expire_in: 0', 3_600_000],
    ['results_expire_in: ~', 3_600_000],
    ['results_expire_in:', 3_600_000],
  ])('%s', async (yaml, ms) => {
    expect((await loadYaml(yaml)).config.resultsExpireInMs).toBe(ms)
  })

  it.each(['yes', 'On', 'y', 'True', 'TRUE', "'true'"])('%s is true', async (word) => {
    expect((await loadYaml(`no_unix_signals: ${word}`)).config.noSignals).toBe(true)
  })

  it.each(['no', 'off', 'N', 'False', '~', ''])('%s is false', async (word) => {
    expect((await loadYaml(`no_unix_signals: ${word}`)).config.noSignals).toBe(false)
  })

  it.each(['12', '1.50', 'true', '0x10', '2020-01-01'])('%s is a text where one is wanted', async (word) => {
    expect((await loadYaml(`default_queue: ${word}`)).config.defaultQueue).toBe(word)
  })

  it('of arguments have the types that they are written with', async () => {
    const yaml = `
amqp:
  queue_declare_args: {x: 10, y: '10', z: yes, q: 1.5, n: ~, l: [1, a], o: {k: v}, d: 2020-01-01, h: 0x1F, 1: one}
`
    expect((await loadYaml(yaml)).config.amqp?.queueArguments).toEqual({
      x: 10,
      y: '10',
      z: true,
      q: 1.5,
      n: null,
      l: [1, 'a'],
      o: { k: 'v' },
      d: '2020-01-01',
      h: 31,
      1: 'one',
    })
  })

  it('may come by an anchor', async () => {
    const yaml = 'amqp: &a {exchange: e}\nredis:\n  <<: {max_idle: 1}\n  max_active: 2\n'
    const { config } = await loadYaml(yaml)
    expect(config).toMatchObject({ amqp: { exchange: 'e' }, redis: { maxIdle: 1, maxActive: 2 } })
  })
})

describe('values in the environment', () => {
  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('%s is true', async (word) => {
    expect((await loadEnv({ NO_UNIX_SIGNALS: word })).config.noSignals).toBe(true)
  })

  it.each(['0', 'f', 'F', 'FALSE', 'false', 'False'])('%s is false', async (word) => {
    expect((await loadEnv({ NO_UNIX_SIGNALS: word })).config.noSignals).toBe(false)
  })

  it('a false that is the default of Go leaves the choice to the driver', async () => {
    expect((await loadEnv({ REDIS_CLUSTER_ENABLED: 'false' })).config.redis).toBeUndefined()
  })

  it.each([
    ['0x10', 16],
    ['010', 8],
    ['1_000', 1_000],
    ['0_1', 1],
  ])('%s is %i', async (text, count) => {
    expect((await loadEnv({ REDIS_MAX_IDLE: text })).config.redis?.maxIdle).toBe(count)
  })

  it('the name with the section in front counts more', async () => {
    const { config } = await loadEnv({ AMQP_AMQP_EXCHANGE: 'first', AMQP_EXCHANGE: 'second' })
    expect(config.amqp?.exchange).toBe('first')
  })
})
