import { describe, expect, it } from 'vitest'

import { isMachineryError } from '../../../../src/core/errors.ts'
import { loadConfig } from '../../../../src/app/load-config.ts'
import { configFolder, loadEnv, loadYaml } from './config-folder.ts'

async function refusal(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => new Error('it was accepted'),
    (caught: unknown) => caught,
  )
  if (!isMachineryError(error, 'ERR_OPTION_INVALID')) throw error
  return error.message
}

describe('a YAML file is refused', () => {
  it.each([
    ['brokr: x', 'config.yml: brokr is unknown; did you mean broker?'],
    ['Broker: x', 'config.yml: Broker is unknown; did you mean broker?'],
    ['resultBackend: x', 'config.yml: resultBackend is unknown; did you mean result_backend?'],
    ['redis: {max_idel: 1}', 'config.yml: redis.max_idel is unknown; did you mean redis.max_idle?'],
    ['max_idle: 1', 'config.yml: max_idle is unknown; did you mean redis.max_idle?'],
    ['amqp: {master_name: x}', 'config.yml: amqp.master_name is unknown; did you mean redis.master_name?'],
    [
      'redis: {sentinel_password: abc,hunter2}',
      'config.yml: a name between braces is unknown; quotes around a text with a comma or a colon are right',
    ],
    [
      'redis+socket://secret:\tsecret@/run/redis.sock',
      'config.yml: a name that looks like a part of a URL is unknown; quotes around a text with a comma or a colon are right',
    ],
    ['{broker: x, default_quue: y}', 'config.yml: default_quue is unknown; did you mean default_queue?'],
    ['zzzzzzzz:', 'config.yml: zzzzzzzz is unknown; known are broker, result_backend, lock,'],
    ['zzzzzzzz: 1', 'config.yml: zzzzzzzz is unknown; known are broker, result_backend, lock,'],
    ['results_expire_in: soon', 'config.yml: results_expire_in is "soon"; a whole number of seconds from 0'],
    ['results_expire_in: 3.7', 'results_expire_in is "3.7"; a whole number of seconds'],
    ['results_expire_in: -1', 'results_expire_in is "-1"'],
    ['results_expire_in: .inf', 'results_expire_in is ".inf"'],
    ['results_expire_in: [1]', 'results_expire_in is an array of 1'],
    ['no_unix_signals: 1', 'config.yml: no_unix_signals is "1"; true or false is right'],
    ['no_unix_signals: tRue', 'no_unix_signals is "tRue"'],
    ['broker: ""', 'config.yml: broker is ""; a URL such as redis://localhost:6379 is right'],
    ['default_queue: ""', 'config.yml: default_queue is ""; a text that is not empty is right'],
    ['log_level: loud', 'log_level is "loud"; one of debug, info, warn, error, silent is right'],
    [
      'queues: {a: 0}',
      'queues is an object; a name, a list of names, or names with shares above 0, is right',
    ],
    ['queues: [a, a]', 'queues is an array of 2'],
    ['heartbeat_ms: 500', 'heartbeat_ms is "500"; 0, or a number from 1000, is right'],
    ['amqp: {queue_declare_args: 1}', 'amqp.queue_declare_args is "1"; a map of arguments is right'],
    ['azure: {ttl: 5 days}', 'azure.ttl is "5 days"; a duration such as 30s or 1h30m'],
    ['redis: 5', 'config.yml: redis holds no keys; a map of keys is right'],
    [
      'redis: {cluster_mode: true, cluster_enabled: false}',
      'redis.cluster_mode and redis.cluster_enabled differ; one of them is right',
    ],
    ['tlsconfig: {certificates: []}', 'tlsconfig is an object; a map with servername and insecureskipverify'],
    [
      'just a text',
      'config.yml: Unmarshal YAML error: it holds no keys; lines such as "broker: …" are right',
    ],
    ['broker: [a', 'config.yml: Unmarshal YAML error: bad indent at line 1, column 11'],
    ['broker: a\nbroker: b', 'config.yml: Unmarshal YAML error: duplicate key at line 2, column 1'],
    ['broker: *x', 'config.yml: Unmarshal YAML error: an alias without its anchor'],
    ['', 'config.yml: Read from file error: EOF'],
  ])('%s', async (yaml, text) => {
    expect(await refusal(loadYaml(yaml))).toContain(text)
  })

  it('that is not there', async () => {
    const { path: cwd } = configFolder()
    const text = 'absent.yml: Open file error: ENOENT'
    expect(await refusal(loadConfig({ cwd, env: {}, file: 'absent.yml' }))).toContain(text)
  })

  it('with another ending', async () => {
    const text = 'the configuration file is config.toml; a name that ends in .yml, .yaml, .json, .ts'
    expect(await refusal(loadConfig({ env: {}, file: 'config.toml' }))).toContain(text)
  })
})

describe('a variable is refused', () => {
  it.each([
    ['RESULTS_EXPIRE_IN', 'abc', 'environment: RESULTS_EXPIRE_IN is "abc"; a whole number of seconds from 0'],
    ['RESULTS_EXPIRE_IN', '', 'RESULTS_EXPIRE_IN is ""'],
    ['RESULTS_EXPIRE_IN', '1e3', 'RESULTS_EXPIRE_IN is "1e3"'],
    ['RESULTS_EXPIRE_IN', ' 5', 'RESULTS_EXPIRE_IN is " 5"'],
    ['RESULTS_EXPIRE_IN', '1__0', 'RESULTS_EXPIRE_IN is "1__0"'],
    ['RESULTS_EXPIRE_IN', '99999999999999999999', 'RESULTS_EXPIRE_IN is "99999999999999999999"'],
    ['NO_UNIX_SIGNALS', 'yes', 'environment: NO_UNIX_SIGNALS is "yes"; true or false is right'],
    ['AZURE_TTL', '30', 'environment: AZURE_TTL is "30"; a duration such as 30s'],
    [
      'AMQP_QUEUE_BINDING_ARGS',
      'a:b:c',
      'AMQP_QUEUE_BINDING_ARGS is "a:b:c"; name:value,name:value is right',
    ],
    ['MACHINERY_CONCURENCY', '5', 'MACHINERY_CONCURENCY is unknown; did you mean MACHINERY_CONCURRENCY?'],
    ['MACHINERY_CONCURRENCY', '-1', 'environment: MACHINERY_CONCURRENCY is "-1"; a whole number from 0'],
    ['MACHINERY_QUEUES', 'a=1,a=2', 'MACHINERY_QUEUES is "a=1,a=2"; name,name or name=share'],
    ['MACHINERY_QUEUES', 'a=1=2', 'MACHINERY_QUEUES is "a=1=2"'],
    ['MACHINERY_QUEUES', 'a,', 'MACHINERY_QUEUES is "a,"'],
  ])('%s=%s', async (name, value, text) => {
    expect(await refusal(loadEnv({ [name]: value }))).toContain(text)
  })

  it('but not one of another program, nor of a service of Kubernetes', async () => {
    const env = {
      REDIS_URL: 'redis://other',
      REDIS_PORT: 'tcp://10.0.0.1:6379',
      MACHINERY_WORKER_PORT: 'tcp://10.0.0.1:80',
      MACHINERY_WORKER_PORT_80_TCP_ADDR: '10.0.0.1',
      MACHINERY_SERVICE_HOST: '10.0.0.1',
      MACHINERY_SERVICE_PORT_HTTP: '80',
    }
    expect((await loadEnv({ ...env, BROKER: 'memory:' })).config.broker).toBe('memory:')
  })
})

describe('a module is refused', () => {
  it.each([
    [
      `export default { broker: 'memory:', concurency: 5 }`,
      'concurency is unknown; did you mean concurrency?',
    ],
    [
      `export default { broker: 'memory:', concurrency: '5' }`,
      'machinery.config.mjs: concurrency is "5"; a whole number from 0 is right',
    ],
    [
      `export default { broker: 'memory:', redis: { lease: 5 } }`,
      'redis.lease is unknown; did you mean redis.leaseMs?',
    ],
    [`export default { broker: 5 }`, 'broker is 5; a URL such as redis://localhost:6379 is right'],
    [`export default { broker: null }`, 'broker is null'],
    [`export default { queues: [] }`, 'queues is an array of 0; a name, a list of names'],
    [`export default { redis: 'x' }`, 'redis holds no keys; an object of keys is right'],
    [`export default []`, 'it is no object of keys'],
    [`export const config = {}`, 'it has no default export; export default defineConfig({ … }) is right'],
    [
      `export default {}`,
      'broker is not set; a flag, the variable BROKER or broker in the configuration file',
    ],
    [`throw new Error('no vault')`, 'machinery.config.mjs: it cannot be loaded: no vault'],
  ])('%s', async (code, text) => {
    const { path: cwd } = configFolder({ 'machinery.config.mjs': code })
    expect(await refusal(loadConfig({ cwd, env: {} }))).toContain(text)
  })
})

describe('a flag is refused', () => {
  it.each([
    [{ concurrency: 'x' }, 'command line: --concurrency is "x"; a whole number from 0 is right'],
    [{ redis: { leaseMs: 'x' } }, 'command line: --redis-lease-ms is "x"; a whole number from 30 is right'],
    [{ queue: 'x' }, 'command line: queue is unknown; did you mean queues?'],
  ])('%o', async (flags, text) => {
    expect(await refusal(loadConfig({ env: {}, file: false, flags }))).toContain(text)
  })
})
