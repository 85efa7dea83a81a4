import { sleep, systemClock } from '../../../src/core/clock.ts'
import { redisStore } from '../../../src/drivers/redis/index.ts'
import { proxyTo } from '../../conformance/redis-proxy.ts'
import { findService, startService } from '../../support/service-process.ts'
import { terminalWrites } from '../aof-ledger.ts'
import type { Disturbances } from '../disturbance.ts'
import type { FaultTarget } from '../fault-target.ts'
import { redisControl } from '../redis-control.ts'
import { aofFolder, restartingRedis, type RedisPlace } from '../redis-services.ts'
import { seededRandom } from '../seeded-random.ts'

const RESUME_MS = 5_000
/** A half-open connection is noticed when a command is not answered within `commandTimeoutMs`, 5 s; then it resumes. */
const RESUME_HALF_OPEN_MS = 10_000

/** One server that is started again when it dies, behind a proxy; its append-only file is the ledger. */
export const target: FaultTarget = {
  async prepare({ leaseMs, freezeMs, seed }) {
    const service = await startService(restartingRedis, await findService(restartingRedis))
    const place = JSON.parse(service.url) as RedisPlace
    const [port = 0] = place.ports
    const control = redisControl(port)
    await control.ready()
    const direct = `redis://127.0.0.1:${port}`
    const proxy = await proxyTo(direct)
    const store = await redisStore({ url: direct, leaseMs })
    const url = `${proxy.url}?leaseMs=${leaseMs}`
    const random = seededRandom(seed)

    const disturbances: Disturbances = {
      cuts: {
        run: async () => proxy.cut(random),
        resumeWithinMs: undefined,
        mayEndLeases: false,
      },
      'lost-replies': {
        run: async () => proxy.loseNextReply(),
        resumeWithinMs: undefined,
        mayEndLeases: false,
      },
      'half-opens': {
        run: async (mark) => {
          mark()
          proxy.halfOpen()
        },
        resumeWithinMs: RESUME_HALF_OPEN_MS,
        mayEndLeases: true,
      },
      'redis-kills': {
        run: async (mark) => {
          await control.kill()
          await control.ready()
          mark()
        },
        resumeWithinMs: RESUME_MS,
        mayEndLeases: true,
      },
      freezes: {
        run: async (mark) => {
          const pid = await control.pid()
          process.kill(pid, 'SIGSTOP')
          await sleep(systemClock, freezeMs)
          process.kill(pid, 'SIGCONT')
          mark()
        },
        resumeWithinMs: RESUME_MS,
        mayEndLeases: true,
      },
    }
    return {
      urls: { broker: url, resultBackend: url },
      broker: store.broker,
      backend: store.backend,
      disturbances,
      commits: async () => terminalWrites(aofFolder(place, port)),
      consumers: control.consumers,
      leftovers: control.leftovers,
      heldByWorkers: undefined,
      close: async () => {
        await store.close()
        await proxy.close()
        control.close()
        await service.stop()
      },
    }
  },
}
