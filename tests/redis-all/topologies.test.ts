import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { redisStore, type RedisStoreOptions } from '../../src/drivers/redis/index.ts'
import {
  backendConformance,
  brokerConformance,
  controlConformance,
  lockConformance,
  sameStoreConformance,
} from '../../src/testing/index.ts'
import { redisSessions } from '../conformance/redis-sessions.ts'
import type { ServiceDefinition } from '../support/service-definitions.ts'
import { findService, type Service, startService } from '../support/service-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { redisCluster, redisSentinel, redisTls } from './redis-servers.ts'

interface Topology {
  readonly name: string
  readonly definition: ServiceDefinition
  readonly isCluster?: boolean
  options(place: { readonly folder: string; readonly ports: readonly number[] }): RedisStoreOptions
}

const host = (port: number | undefined): string => `127.0.0.1:${port}`

const TOPOLOGIES: readonly Topology[] = [
  {
    name: 'tls',
    definition: redisTls,
    options: ({ folder, ports: [, port] }) => ({
      url: `rediss://localhost:${port}/3`,
      tls: { ca: readFileSync(join(folder, 'tls', 'ca.crt')) },
    }),
  },
  {
    name: 'socket',
    definition: redisTls,
    options: ({ folder }) => ({ url: `redis+socket://${join(folder, 'r.sock')}:/2` }),
  },
  {
    name: 'sentinel',
    definition: redisSentinel,
    options: ({ ports }) => ({
      hosts: ports.slice(2).map(host),
      masterName: 'mymaster',
      connectTimeoutMs: 15_000,
    }),
  },
  {
    name: 'cluster',
    definition: redisCluster,
    isCluster: true,
    options: ({ ports }) => ({ url: `redis://${ports.slice(0, 3).map(host).join(',')}` }),
  },
]

for (const { name, definition, isCluster = false, options } of TOPOLOGIES) {
  describe(`redis ${name}`, () => {
    let service: Service | undefined
    const server = (): RedisStoreOptions =>
      options(
        JSON.parse(service?.url ?? '{}') as { readonly folder: string; readonly ports: readonly number[] },
      )

    beforeAll(async () => {
      const { urlVariable: _, ...found } = definition
      service = await startService(definition, await findService({ ...found, urlVariable: 'NONE_SUCH' }))
      await waitFor(() => canWrite(server()), { timeoutMs: 30_000 })
    }, 60_000)
    afterAll(() => service?.stop(), 20_000)

    const sessions = redisSessions(server)
    const runner = { describe, it }
    brokerConformance(runner, { name, open: sessions.broker, delayToleranceMs: 400 })
    backendConformance(runner, { name, open: sessions.backend, expiryStepMs: 400 })
    controlConformance(runner, { name, open: sessions.control })
    lockConformance(runner, { name, open: sessions.open })
    if (!isCluster) sameStoreConformance(runner, { name, open: sessions.open })
    it(`is ${isCluster ? 'no' : 'one'} store for messages and states together`, async () => {
      const session = await sessions.open()
      expect(session.broker.sameStore?.(session.backend) === undefined).toBe(isCluster)
      await session.close()
    })
  })
}

async function canWrite(options: RedisStoreOptions): Promise<boolean> {
  try {
    await using store = await redisStore(options)
    const names = Array.from({ length: 20 }, (_, index) => `ready-${index}`)
    await store.backend.groups.init(
      names.map((groupUuid) => ({ groupUuid, taskUuids: [], createdAt: '', expiresInMs: 1_000 })),
    )
    return true
  } catch {
    return false
  }
}
