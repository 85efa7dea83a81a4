import type { RedisStore } from '../../src/drivers/redis/index.ts'
import { outgoing } from '../conformance/redis-fixture.ts'
import { waitFor } from '../support/wait-for.ts'

/** A producer and a consumer of one queue, who go on through every error. */
export interface SteadyTraffic {
  /** Names of the messages that were stored, in order. */
  readonly stored: readonly string[]
  /** Names of those that were delivered. */
  readonly ran: ReadonlySet<string>
  /** Ends the producer; resolves when all that is stored was delivered, and ends the consumer. */
  stop(): Promise<void>
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** One message at a time, which is sent until it is stored. @param sender the store that sends it; by default the one that consumes */
export async function steadyTraffic(
  store: RedisStore,
  queue: string,
  sender: () => RedisStore = () => store,
): Promise<SteadyTraffic> {
  const { broker } = store
  const consumer = await broker.consume(queue, { maxUnsettled: 64, onLost: () => {} })
  const [sending, consuming] = [new AbortController(), new AbortController()]
  const stored: string[] = []
  const ran = new Set<string>()

  const untilDone = async (work: () => Promise<boolean>): Promise<void> => {
    while (!consuming.signal.aborted) {
      if (await work().catch(() => false)) return
      await turn()
    }
  }
  const send = async (): Promise<void> => {
    for (let number = 0; !sending.signal.aborted; number++) {
      const name = `${number}`
      await untilDone(async () => {
        const [outcome] = await sender().broker.publish([outgoing(queue, name)])
        return outcome?.outcome === 'stored'
      })
      stored.push(name)
    }
  }
  const consume = async (): Promise<void> => {
    await untilDone(async () => {
      const deliveries = await consumer.claim(16, consuming.signal)
      for (const { body } of deliveries) ran.add(Buffer.from(body).toString())
      const acks = deliveries.map(({ id }) => ({ id, kind: 'ack' }) as const)
      await untilDone(async () => {
        await consumer.settle(acks)
        return true
      })
      return false
    })
  }
  const running = [send(), consume()] as const
  return {
    stored,
    ran,
    async stop() {
      sending.abort()
      await running[0]
      const missing = (): readonly string[] => stored.filter((name) => !ran.has(name))
      await waitFor(() => missing().length === 0, { timeoutMs: 20_000, what: 'all are delivered' }).catch(
        (error: unknown) => {
          throw new Error(`${missing().length} of ${stored.length} are missing: ${missing().join()}`, {
            cause: error,
          })
        },
      )
      consuming.abort()
      await running[1]
    },
  }
}
