import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { redisStore } from '../../../src/drivers/redis/index.ts'
import { findService, startService } from '../../support/service-process.ts'
import { waitFor } from '../../support/wait-for.ts'
import { mostOf, terminalWrites } from '../aof-ledger.ts'
import type { Disturbances } from '../disturbance.ts'
import type { FaultTarget } from '../fault-target.ts'
import { redisControl, type RedisControl } from '../redis-control.ts'
import { aofFolder, folderOf, HOLD_FILE, restartingSentinel, type RedisPlace } from '../redis-services.ts'

const MASTER_NAME = 'mymaster'
/** From the death of the master: a second until the sentinels miss it, their vote, and the reconnection. */
const RESUME_MS = 15_000
const CHANGED_WITHIN_MS = 60_000

/**
 * A master, a replica and three sentinels. Senders wait for the replica, which is what a failover can keep; each next
 * failover waits until the old master is a replica again.
 */
export const target: FaultTarget = {
  async prepare({ leaseMs }) {
    const service = await startService(restartingSentinel, await findService(restartingSentinel))
    const place = JSON.parse(service.url) as RedisPlace
    const [first = 0, second = 0, ...sentinels] = place.ports
    const servers = new Map([first, second].map((port) => [port, redisControl(port)]))
    const watchers = sentinels.map((port) => redisControl(port))
    const control = (port: number): RedisControl => servers.get(port) ?? redisControl(port)

    const isAgreed = async (isRight: (view: ReadonlyMap<string, string>) => boolean): Promise<boolean> =>
      (await Promise.all(watchers.map((watcher) => watcher.sentinelMaster(MASTER_NAME)))).every(isRight)
    /** The port of the master, when its replica has all and every sentinel knows both and the others. */
    const masterPort = async (): Promise<number | undefined> => {
      for (const [port, server] of servers) {
        const replication = await server.info('replication')
        if (replication.get('role') !== 'master') continue
        if (!/state=online/.test(replication.get('slave0') ?? '')) continue
        const isWhole = (view: ReadonlyMap<string, string>): boolean =>
          view.get('port') === `${port}` &&
          view.get('flags') === 'master' &&
          view.get('num-slaves') === '1' &&
          view.get('num-other-sentinels') === `${sentinels.length - 1}`
        if (await isAgreed(isWhole)) return port
      }
      return undefined
    }
    const paired = (): Promise<number> =>
      waitFor(masterPort, { timeoutMs: CHANGED_WITHIN_MS, what: 'a master with a replica' })

    const disturbances: Disturbances = {
      failovers: {
        run: async (mark) => {
          const old = await paired()
          const next = old === first ? second : first
          const hold = join(folderOf(place, old), HOLD_FILE)
          writeFileSync(hold, '')
          await control(old).kill()
          mark()
          // Before all send clients to the new one, the old one must not come back: it would take writes that it then loses.
          await waitFor(() => isAgreed((view) => view.get('port') === `${next}`), {
            timeoutMs: CHANGED_WITHIN_MS,
            what: 'all sentinels to name the new master',
          })
          rmSync(hold)
        },
        resumeWithinMs: RESUME_MS,
        mayEndLeases: true,
      },
    }
    const hosts = sentinels.map((port) => `127.0.0.1:${port}`)
    await paired()
    const durability = 'replicated'
    const store = await redisStore({ hosts, masterName: MASTER_NAME, leaseMs, durability })
    const url = `redis://${hosts.join(',')}?masterName=${MASTER_NAME}&durability=${durability}&leaseMs=${leaseMs}`
    return {
      urls: { broker: url, resultBackend: url },
      broker: store.broker,
      backend: store.backend,
      disturbances,
      commits: async () => mostOf([first, second].map((port) => terminalWrites(aofFolder(place, port)))),
      consumers: async (queue) => control(await paired()).consumers(queue),
      leftovers: async () => control(await paired()).leftovers(),
      heldByWorkers: undefined,
      close: async () => {
        await store.close()
        for (const server of [...servers.values(), ...watchers]) server.close()
        await service.stop()
      },
    }
  },
}
