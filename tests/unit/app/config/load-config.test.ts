import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, it, onTestFinished } from 'vitest'

import { serverOptions, workerOptions } from '../../../../src/app/config/config-options.ts'
import { describeConfig } from '../../../../src/app/config/describe-config.ts'
import { createServer } from '../../../../src/app/create-server.ts'
import { loadConfig } from '../../../../src/app/load-config.ts'
import { memoryStore } from '../../../../src/drivers/memory/index.ts'
import { task } from '../../../../src/task/task.ts'
import { configFolder, loadEnv, loadYaml } from './config-folder.ts'

const ROOT = join(import.meta.dirname, '../../../..')

describe('loadConfig', () => {
  it('takes a flag over a variable over the file over the default, key by key', async () => {
    const { config, sources } = await loadYaml(
      `broker: 'memory:file'\ndefault_queue: file\nconcurrency: 1\nredis: {lease_ms: 100, max_crashes: 7}`,
      {
        env: { BROKER: 'memory:env', DEFAULT_QUEUE: 'env', MACHINERY_REDIS_LEASE_MS: '200' },
        flags: { broker: 'memory:flag', 'redis.leaseMs': '300' },
      },
    )
    expect(config).toMatchObject({
      broker: 'memory:flag',
      defaultQueue: 'env',
      concurrency: 1,
      redis: { leaseMs: 300, maxCrashes: 7 },
      resultsExpireInMs: 3_600_000,
    })
    expect(sources).toMatchObject({
      broker: 'flag',
      defaultQueue: 'environment',
      concurrency: 'file',
      'redis.leaseMs': 'flag',
      'redis.maxCrashes': 'file',
      resultsExpireInMs: 'default',
    })
  })

  it('takes an empty value as the default, over what counts less', async () => {
    const { config, sources } = await loadYaml(`broker: 'memory:'\nlock: 'memory:x'\nresult_backend: ''`, {
      env: { LOCK: '' },
    })
    expect(config.lock).toBeUndefined()
    expect(config.resultBackend).toBeNull()
    expect(sources).not.toHaveProperty('lock')
  })

  it('leaves out a flag that was not given', async () => {
    const { config } = await loadConfig({
      env: { BROKER: 'memory:' },
      file: false,
      flags: { broker: undefined, concurrency: undefined, redis: undefined },
    })
    expect(config.broker).toBe('memory:')
  })

  it('finds machinery.config.ts before its YAML, and MACHINERY_CONFIG before both', async () => {
    const { path: cwd } = configFolder({
      'machinery.config.ts': `const queue: string = 'module'\nexport default { broker: 'memory:', defaultQueue: queue }`,
      'machinery.config.yml': 'default_queue: yaml',
      'other.yaml': 'default_queue: named',
    })
    const found = await loadConfig({ cwd, env: {} })
    expect(found.config.defaultQueue).toBe('module')
    expect(found.file).toBe(join(cwd, 'machinery.config.ts'))
    const named = await loadConfig({ cwd, env: { MACHINERY_CONFIG: 'other.yaml' } })
    expect(named.config.defaultQueue).toBe('named')
    const none = await loadConfig({ cwd, env: { BROKER: 'memory:' }, file: false })
    expect(none).toMatchObject({ file: undefined, config: { defaultQueue: 'machinery_tasks' } })
  })

  it('does not assume the URLs of Go beside a module, and says so where it does', async () => {
    const { path: cwd } = configFolder({ 'machinery.config.mjs': `export default { broker: 'memory:' }` })
    expect(await loadConfig({ cwd, env: {} })).toMatchObject({ config: { broker: 'memory:' }, notices: [] })
    const { notices } = await loadEnv({ BROKER: 'memory:' })
    expect(notices).toEqual([
      'resultBackend is not set; the default of Go Machinery, amqp://localhost:5672/, is used',
    ])
  })

  it('says what has no effect here, and why', async () => {
    const yaml = `broker: redis://h\nresult_backend: redis://h\nredis: {max_idle: 3, wait: true, lease_ms: 900}\namqp: {exchange: e}`
    const { notices } = await loadYaml(yaml, { env: { REDIS_CLIENT_NAME: 'c' } })
    expect(notices).toEqual([
      'redis.max_idle has no effect here because commands share one connection, which is kept open, so there is no pool',
      'redis.wait has no effect here because commands share one connection, which is kept open, so there is no pool',
      'REDIS_CLIENT_NAME has no effect here because the driver does not name its connections',
      'amqp has no effect here because no URL is amqp:',
    ])
  })

  it('loads TypeScript under plain Node, from a package that imports defineConfig', async () => {
    const { path: cwd } = configFolder({
      'machinery.config.ts': `
import { defineConfig } from ${JSON.stringify(join(ROOT, 'src/index.ts'))}
export default defineConfig({ broker: 'memory:typed', concurrency: 7 as number })
`,
    })
    const program = `
import { loadConfig } from ${JSON.stringify(join(ROOT, 'src/index.ts'))}
const { config } = await loadConfig()
console.log(JSON.stringify(config))
`
    expect(JSON.parse(await runNode(program, cwd))).toEqual({ broker: 'memory:typed', concurrency: 7 })
  })

  it.each(['ts', 'mjs'])('shows nothing of a .%s file that is no code, under plain Node', async (end) => {
    const { path: cwd } = configFolder({ [`broken.${end}`]: `export default { broker: 'hunter2' hunter2 }` })
    const program = `
import { inspect } from 'node:util'
import { loadConfig } from ${JSON.stringify(join(ROOT, 'src/index.ts'))}
const error = await loadConfig({ file: 'broken.${end}' }).catch((caught) => caught)
console.log(inspect(error, { depth: 9, showHidden: true }))
`
    const text = await runNode(program, cwd)
    expect(text).toContain(`broken.${end}: it cannot be loaded: `)
    expect(text).not.toContain('hunter2')
  })
})

async function runNode(program: string, cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd,
    env: { PATH: process.env['PATH'] },
  })
  return stdout
}

describe('the options of a configuration', () => {
  it('run a server and a worker', async () => {
    const { config } = await loadYaml(
      `broker: 'memory:'\nresult_backend: 'memory:'\ndefault_queue: jobs\nconcurrency: 3\nworker_name: w1\nno_unix_signals: true`,
    )
    const add = task('add', (left: number, right: number) => left + right)
    await using server = await createServer({ ...serverOptions(config), tasks: [add] })
    await using worker = await server.startWorker(workerOptions(config))
    expect(worker).toMatchObject({ name: 'w1', concurrency: 3 })
    const sum = await server.send(add(1, 2))
    expect(await sum.get({ timeoutMs: 5_000 })).toBe(3)
  })

  it('hold what is set, and what the redis driver knows of its section', async () => {
    const { config } = await loadYaml(`
broker: redis://h
result_backend: ''
results_expire_in: 60
tlsconfig: {}
limits: {max_bytes: 100}
redis: {max_idle: 3, connect_timeout: 2, master_name: m, sentinel_password: s}
queues: [a, b]
order: weighted
max_deliveries: 4
grace_ms: 10
`)
    expect(serverOptions(config)).toEqual({
      broker: 'redis://h',
      resultBackend: null,
      defaultQueue: 'machinery_tasks',
      resultsExpireInMs: 60_000,
      limits: { maxBytes: 100 },
      drivers: { redis: { tls: {}, connectTimeoutMs: 2_000, masterName: 'm', sentinelPassword: 's' } },
    })
    expect(workerOptions(config)).toEqual({
      queues: ['a', 'b'],
      order: 'weighted',
      maxDeliveries: 4,
      graceMs: 10,
      noSignals: false,
    })
  })

  it('reach the redis driver, which checks them', async () => {
    const { config } = await loadYaml(
      `broker: redis://localhost:1\nresult_backend: ''\nredis: {db: 7, cluster_enabled: true}`,
    )
    await expect(createServer(serverOptions(config))).rejects.toThrow('a Cluster has only 0')
  })
})

describe('describeConfig', () => {
  it('shows every value with its source, and no secret', async () => {
    const loaded = await loadYaml(
      `
broker: amqp://u:secret@a:1/,amqp://u:secret@b:2/
multiple_broker_separator: ','
result_backend: redis://:secret@r:6379/1
redis: {sentinel_password: secret, tls: {servername: secret}}
queues: {a: 2}
`,
      { flags: { concurrency: 4 } },
    )
    expect(describeConfig(loaded)).toEqual([
      { key: 'broker', value: 'amqp://a:1 amqp://b:2', source: 'file' },
      { key: 'resultBackend', value: 'redis://r:6379', source: 'file' },
      { key: 'multipleBrokerSeparator', value: ',', source: 'file' },
      { key: 'defaultQueue', value: 'machinery_tasks', source: 'default' },
      { key: 'resultsExpireInMs', value: '3600000', source: 'default' },
      { key: 'noSignals', value: 'false', source: 'default' },
      { key: 'concurrency', value: '4', source: 'flag' },
      { key: 'queues', value: '{"a":2}', source: 'file' },
      { key: 'redis.sentinelPassword', value: '(not shown)', source: 'file' },
      { key: 'redis.tls', value: '(not shown)', source: 'file' },
    ])
  })

  it('shows nothing of a password that the separator cuts in two', async () => {
    const loaded = await loadEnv({ BROKER: 'amqp://u:12,34@h', MULTIPLE_BROKER_SEPARATOR: ',' })
    expect(describeConfig(loaded)[0]).toMatchObject({ key: 'broker', value: 'amqp://h' })
  })

  it('shows ports that are objects, and none', async () => {
    const store = memoryStore()
    onTestFinished(() => store.close())
    const loaded = await loadConfig({
      env: {},
      file: false,
      flags: { broker: store.broker, resultBackend: null },
    })
    expect(describeConfig(loaded).slice(0, 2)).toEqual([
      { key: 'broker', value: '(a port object)', source: 'flag' },
      { key: 'resultBackend', value: '(none)', source: 'flag' },
    ])
  })
})
