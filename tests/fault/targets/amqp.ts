import { join } from 'node:path'

import { amqpBroker } from '../../../src/drivers/amqp/index.ts'
import { sqliteBackend } from '../../../src/drivers/sqlite/index.ts'
import { proxyTo } from '../../conformance/redis-proxy.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Disturbances } from '../disturbance.ts'
import type { FaultTarget } from '../fault-target.ts'
import { startRestartingRabbit } from '../rabbitmq-service.ts'
import { seededRandom } from '../seeded-random.ts'
import { sqliteLedger } from '../sqlite-ledger.ts'

const START_MS = 60_000
/** After a restart, a connection is tried again at the latest after 10 s. */
const RESUME_MS = 20_000

/** RabbitMQ behind a proxy, started again when it dies; the states are in a file, with a ledger of all terminal writes. */
export const target: FaultTarget = {
  async prepare({ folder, seed }) {
    const server = await startRestartingRabbit()
    const proxy = await proxyTo(server.url)
    const viaProxy = `amqp://guest:guest@127.0.0.1:${new URL(proxy.url).port}?heartbeatMs=2000`
    const path = join(folder, 'fault.db')
    const backend = sqliteBackend({ path })
    const ledger = sqliteLedger(path)
    const broker = await amqpBroker({
      url: server.url,
      publishTimeoutMs: START_MS,
      connectTimeoutMs: START_MS,
    })
    const random = seededRandom(seed)

    const isUp = async (): Promise<boolean> => {
      const probe = await amqpBroker({ url: server.url }).catch(() => undefined)
      await probe?.close()
      return probe !== undefined
    }
    const disturbances: Disturbances = {
      cuts: { run: async () => proxy.cut(random), resumeWithinMs: undefined, mayEndLeases: true },
      'lost-replies': {
        run: async () => proxy.loseNextReply(),
        resumeWithinMs: undefined,
        mayEndLeases: true,
      },
      'broker-restarts': {
        run: async (mark) => {
          process.kill(server.pid, 'SIGKILL')
          await waitFor(async () => !(await isUp()), { what: 'the end of RabbitMQ', timeoutMs: START_MS })
          await waitFor(isUp, { what: 'a new RabbitMQ', timeoutMs: START_MS })
          mark()
        },
        resumeWithinMs: RESUME_MS,
        mayEndLeases: true,
      },
    }
    return {
      urls: { broker: viaProxy, resultBackend: `sqlite:${path}` },
      broker,
      backend,
      disturbances,
      commits: async () => ledger.commits(),
      consumers: undefined,
      leftovers: undefined,
      heldByWorkers: async (queue) => Number(await server.evaluate(unacknowledged(queue))),
      close: async () => {
        await broker.close()
        await backend.close()
        ledger.close()
        await proxy.close()
        await server.stop()
      },
    }
  },
}

/** How many messages of a queue consumers hold, in Erlang. */
const unacknowledged = (queue: string): string =>
  `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)), ` +
  `[{messages_unacknowledged, Held}] = rabbit_amqqueue:info(Q, [messages_unacknowledged]), Held`
