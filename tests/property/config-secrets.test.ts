import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { configChanges } from '../../src/app/config/config-changes.ts'
import { describeConfig } from '../../src/app/config/describe-config.ts'
import { readYaml } from '../../src/app/config/read-yaml.ts'
import { openStore } from '../../src/app/driver-registry.ts'
import { loadConfig, type LoadConfigOptions } from '../../src/app/load-config.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { redactUrl } from '../../src/core/redact-url.ts'
import { redisUrlOptions } from '../../src/drivers/redis/index.ts'
import { redisTarget, targetName } from '../../src/drivers/redis/redis-target.ts'

const LETTERS = fc.constantFrom('a', 'b', 'X', 'Z', '0', '9')
const MARKS = fc.constantFrom(...Array.from(`:/?#[]@!$&'()*+,;=%|\\"{}<>^ ~.-_é\t`))

/** Long enough never to be part of another text by chance, with every character that has a meaning somewhere in a URL. */
const secret = fc
  .tuple(
    fc.string({ unit: LETTERS, minLength: 8, maxLength: 12 }),
    fc.string({ unit: MARKS, maxLength: 3 }),
    fc.string({ unit: LETTERS, minLength: 8, maxLength: 12 }),
  )
  .map(([head, middle, tail]) => ({ text: `pw${head}${middle}${tail}pw`, parts: [`pw${head}`, `${tail}pw`] }))

/** How a password may stand in a URL: as it is, or escaped. */
const written = fc.constantFrom<(text: string) => string>((text) => text, encodeURIComponent)

const host = fc.constantFrom('localhost', 'h1:6379', '10.0.0.1:5672', '[::1]:6379', 'db.example.com')
const user = fc.constantFrom('', 'guest', 'u%40x')

const FORMS: Readonly<Record<string, (password: string, user: string, host: string) => string>> = {
  redis: (password, name, at) => `redis://${name}:${password}@${at}/1`,
  'redis, a password alone': (password, _, at) => `redis://${password}@${at}`,
  rediss: (password, name, at) => `rediss://${name}:${password}@${at}`,
  'redis, several hosts': (password, name, at) => `redis://${name}:${password}@${at},h2:6379,h3/2`,
  'redis with options': (password, name, at) => `redis://${name}:${password}@${at}/0?masterName=m`,
  'redis, a password as an option': (password, _, at) =>
    `redis://${at}/0?password=${encodeURIComponent(password)}`,
  'redis+socket': (password) => `redis+socket://${password}@/run/redis.sock:/1`,
  amqp: (password, name, at) => `amqp://${name}:${password}@${at}/vhost`,
  amqps: (password, name, at) => `amqps://${name}:${password}@${at}`,
  'amqp, several URLs': (password, name, at) =>
    `amqp://${name}:${password}@${at}/,amqp://${name}:${password}@h2:5672/`,
  'amqp, several URLs with another separator': (password, name, at) =>
    `amqp://${name}:${password}@${at}||amqp://${name}:${password}@h2:5672`,
  sqs: (password, name, at) => `https://${name}:${password}@sqs.${at}/123/queue`,
  'sqs, signed': (password) => `https://sqs.eu-west-1.amazonaws.com/1/q?X-Amz-Signature=${password}`,
  mongodb: (password, name, at) => `mongodb://${name}:${password}@${at},h2:27017/results?tls=true`,
  'mongodb+srv': (password, name) => `mongodb+srv://${name}:${password}@cluster.example.com/results`,
  'mongodb, in the query': (password, _, at) =>
    `mongodb://${at}/results?tlsCertificateKeyFilePassword=${password}`,
  memcached: (password, name, at) => `memcache://${name}:${password}@${at},h2:11211`,
  dynamodb: (password, name) => `https://${name}:${password}@dynamodb.eu-west-1.amazonaws.com`,
  'azure with a signature': (password) =>
    `https://acct.queue.core.windows.net/?sv=2024-01-01&sig=${password}`,
  gcppubsub: (password, name) => `gcppubsub://${name}:${password}@project/subscription`,
  'no scheme': (password, name, at) => `${name}:${password}@${at}`,
}

const anyUrl = fc
  .tuple(fc.constantFrom(...Object.keys(FORMS)), secret, written, user, host)
  .map(([form, { text, parts }, write, name, at]) => ({
    url: FORMS[form]?.(write(text), name, at) ?? '',
    parts,
  }))

function expectNone(shown: string, parts: readonly string[], where: string): void {
  for (const part of parts) expect(shown.includes(part), `${where} shows ${part}: ${shown}`).toBe(false)
}

/** Everything that a logger or a terminal may print of an error: text, stack, details and causes. */
async function printed(run: () => unknown): Promise<string> {
  try {
    return inspect(await run(), { depth: 10, showHidden: true })
  } catch (error) {
    return `${String(error)} ${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)}`
  }
}

describe('no password of a URL is shown', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'machinery-ts-secrets-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const described = async (options: LoadConfigOptions): Promise<string> => {
    const loaded = await loadConfig({ env: {}, file: false, ...options })
    const other = { ...loaded.config, broker: 'memory:', resultBackend: null }
    return inspect([
      describeConfig(loaded),
      loaded.notices,
      configChanges(loaded.config, other),
      configChanges(other, loaded.config),
    ])
  }

  it('by redactUrl', () => {
    fc.assert(
      fc.property(anyUrl, ({ url, parts }) => {
        expectNone(redactUrl(url), parts, 'redactUrl')
      }),
      { numRuns: 3_000 },
    )
  })

  it('by a configuration that is printed, or reports what changed', async () => {
    await fc.assert(
      fc.asyncProperty(anyUrl, fc.constantFrom('', ',', '||'), async ({ url, parts }, separator) => {
        const env = { BROKER: url, RESULT_BACKEND: url, LOCK: url, MULTIPLE_BROKER_SEPARATOR: separator }
        expectNone(await printed(() => described({ env })), parts, 'environment')
        const flags = { broker: url, redis: { password: url, sentinelPassword: url } }
        expectNone(await printed(() => described({ flags })), parts, 'flags')
      }),
      { numRuns: 300 },
    )
  })

  it('by an error of a configuration, wherever the URL came into it', async () => {
    const places: readonly ((url: string) => Promise<unknown>)[] = [
      (url) => loadConfig({ file: false, env: { BROKER: 'memory:', RESULTS_EXPIRE_IN: url } }),
      (url) => loadConfig({ file: false, env: { BROKER: 'memory:', MACHINERY_QUEUES: `${url}=x` } }),
      (url) => loadConfig({ file: false, env: { BROKER: 'memory:', MACHINERY_CONCURRENCY: url } }),
      (url) => loadConfig({ file: url, env: {} }),
      (url) => loadConfig({ file: false, env: {}, flags: { [url]: 1 } }),
      (url) => loadConfig({ file: false, env: {}, flags: { logLevel: url } }),
      (url) => readYaml(`broker: ${url}\nconcurrency: [`, 'config.yml'),
      (url) => readYaml(url, 'config.yml'),
      (url) => readYaml(`broker: "${url}`, 'config.yml'),
      (url) => readYaml(`{broker: ${url}: x}`, 'config.yml'),
      (url) => readYaml(`? ${url}\n: x`, 'config.yml'),
      (url) => readYaml(`redis: {lease_ms: ${JSON.stringify(url)}}`, 'config.yml'),
      (url) => readYaml(`*${url}`, 'config.yml'),
      (url) => readYaml(`&${url} : %${url}`, 'config.yml'),
    ]
    await fc.assert(
      fc.asyncProperty(anyUrl, fc.constantFrom(...places), async ({ url, parts }, place) => {
        const shown = await printed(async () => {
          await place(url)
          return 'accepted'
        })
        expectNone(shown, parts, place.toString())
      }),
      { numRuns: 2_000 },
    )
  })

  it('by the error of a module that is no code', async () => {
    let number = 0
    await fc.assert(
      fc.asyncProperty(anyUrl, fc.constantFrom('mjs', 'ts'), async ({ url, parts }, end) => {
        const file = join(folder, `${(number += 1)}.${end}`)
        writeFileSync(file, `export default { broker: ${JSON.stringify(url)}, ${url} `)
        expectNone(await printed(() => loadConfig({ file, env: {} })), parts, 'module')
      }),
      { numRuns: 40 },
    )
  })

  const context = { clock: systemClock, logger: silentLogger, wire: 'compact' } as const
  // Refused before anybody connects, or not at all.
  const isConnecting = (url: string): boolean => /^amqps?:/i.test(url)

  it('by a URL that no driver takes, or that its driver refuses', async () => {
    const offline = anyUrl.filter(({ url }) => !isConnecting(url))
    await fc.assert(
      fc.asyncProperty(offline, async ({ url, parts }) => {
        const isRedis = /^redis/i.test(url)
        const shown = isRedis
          ? await printed(() => targetName(redisTarget(redisUrlOptions(url))))
          : await printed(() => openStore(url, context))
        expectNone(shown, parts, 'driver')
      }),
      { numRuns: 2_000 },
    )
  })

  it('by a URL of a server that cannot be reached', async () => {
    const online = anyUrl.filter(({ url }) => isConnecting(url))
    await fc.assert(
      fc.asyncProperty(online, async ({ url, parts }) => {
        expectNone(await printed(() => openStore(url, context)), parts, 'driver')
      }),
      { numRuns: 100 },
    )
  })
})
