import { expect, it } from 'vitest'

import { type Logger, silentLogger } from '../../../../src/core/logger.ts'
import { serverFacts, warnOfRisks } from '../../../../src/drivers/redis/redis-server-facts.ts'

const SAFE = [
  'redis_version:7.2.4',
  'maxmemory_policy:noeviction',
  'aof_enabled:1',
  'aof_last_write_status:ok',
  'connected_slaves:1',
  'min_slaves_good_slaves:1',
]

/** What is warned of when these lines of INFO are different. */
function warnings(changes: Readonly<Record<string, string | undefined>>, needsReplica = false): string[] {
  const lines = SAFE.flatMap((line) => {
    const [name = ''] = line.split(':')
    if (!Object.hasOwn(changes, name)) return [line]
    return changes[name] === undefined ? [] : [`${name}:${changes[name]}`]
  })
  const texts: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_, text) => void texts.push(text) }
  warnOfRisks(serverFacts(lines.join('\r\n')), needsReplica, 'redis', logger)
  return texts
}

it('says nothing of a server that keeps what it acknowledges', () => {
  expect(warnings({})).toEqual([])
  expect(serverFacts(SAFE.join('\r\n')).version).toBe(702)
})

it.each([
  [{ maxmemory_policy: 'allkeys-lru' }, false, 'maxmemory-policy is allkeys-lru'],
  [{ aof_enabled: '0' }, false, 'appendonly is off'],
  [{ aof_last_write_status: 'err' }, false, 'could not be written'],
  [{ min_slaves_good_slaves: undefined }, false, 'min-replicas-to-write is 0'],
  [{ connected_slaves: '0', min_slaves_good_slaves: undefined }, true, 'has no replica'],
] as const)('warns where %j', (changes, needsReplica, text) => {
  const texts = warnings(changes, needsReplica)
  expect(texts).toHaveLength(1)
  expect(texts[0]).toContain(text)
})

it('does not ask for replicas where none are', () => {
  expect(warnings({ connected_slaves: '0', min_slaves_good_slaves: undefined })).toEqual([])
})

it('reads what a server says about itself, however little that is', () => {
  const nothing = { evictionPolicy: '', hasAof: false, isWriting: true, replicas: 0, needsReplicas: false }
  expect(serverFacts('')).toEqual({ ...nothing, version: 0 })
  const info =
    '# Server\r\nredis_version:7.2.4\r\n# Memory\r\nmaxmemory_policy:allkeys-lru\r\nconnected_slaves:2\r\n'
  expect(serverFacts(info)).toEqual({
    ...nothing,
    version: 702,
    evictionPolicy: 'allkeys-lru',
    replicas: 2,
  })
})
