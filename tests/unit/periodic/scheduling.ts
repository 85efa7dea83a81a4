import { createServer, type CreateServerOptions, type Server } from '../../../src/app/create-server.ts'
import type { MachineryError } from '../../../src/core/errors.ts'
import type { Message } from '../../../src/core/message.ts'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { Broker } from '../../../src/core/ports/broker.ts'
import type { ScheduleStore } from '../../../src/core/ports/schedule-store.ts'
import { decodeMessage } from '../../../src/core/wire/message-codec.ts'
import { type MemoryParts, memoryStore, type MemoryStore } from '../../../src/drivers/memory/index.ts'
import { task } from '../../../src/task/task.ts'
import { type BrokerFaults, type FakeClock, fakeClock, faultyBroker } from '../../../src/testing/index.ts'
import { type LogLine, recordingLogger } from '../../support/builders.ts'

/** What the schedules of these tests enqueue. */
export const add = task('add', (...terms: number[]) => terms.reduce((a, b) => a + b, 0))

/** Where the fake clock of these tests begins: a Thursday at midnight. */
export const START = Date.parse('2026-01-01T00:00:00Z')
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** Several servers over one memory store and one fake clock. */
export interface Scheduling extends AsyncDisposable {
  readonly clock: FakeClock
  readonly store: MemoryStore
  readonly schedules: ScheduleStore
  readonly logs: readonly LogLine[]
  /** Opens a server with faults of its own. */
  open(options?: OpenOptions): Promise<ScheduledServer>
  /** What waits in the queue, oldest first. */
  messages(queue?: string): Promise<readonly Message[]>
}

/** One server. */
export interface ScheduledServer {
  readonly server: Server
  readonly faults: BrokerFaults & {
    /** Every publish is refused with it. */
    refuse?: MachineryError
  }
}

/** How a server is opened. */
export interface OpenOptions {
  readonly server?: Omit<CreateServerOptions, 'broker' | 'resultBackend' | 'clock' | 'logger'>
  /** Changes the backend, for this server. */
  readonly backend?: (backend: Backend) => Backend | null
  /** Whether broker and backend are to be used as one store. @default true */
  readonly fused?: boolean
}

/** Makes it. `await using` closes all servers. */
export function scheduling(): Scheduling {
  const clock = fakeClock(START)
  const store = memoryStore({ clock })
  const logs: LogLine[] = []
  const servers: Server[] = []
  return {
    clock,
    store,
    schedules: store.backend.schedules as ScheduleStore,
    logs,
    async open({ server: options = {}, backend: change, fused = true } = {}) {
      const parts: MemoryParts = store.open()
      const faults: ScheduledServer['faults'] = {}
      const broker = faultyBroker(parts.broker, faults, clock)
      const faulty: Broker = {
        ...broker,
        publish: async (batch) => {
          const error = faults.refuse
          return error === undefined
            ? broker.publish(batch)
            : batch.map(() => ({ outcome: 'refused', error }))
        },
      }
      const { sameStore } = parts.broker
      const backend = change === undefined ? parts.backend : change(parts.backend)
      const server = await createServer({
        tasks: [add],
        lock: parts.lock,
        ...options,
        broker:
          fused && sameStore !== undefined && backend !== null
            ? { ...faulty, sameStore: () => (faults.down === true ? undefined : sameStore(parts.backend)) }
            : faulty,
        resultBackend: backend,
        clock,
        logger: recordingLogger(logs),
      })
      servers.push(server)
      return { server, faults }
    },
    messages: async (queue = 'machinery_tasks') => {
      const bodies = (await store.broker.inspector?.pending(queue, { offset: 0, limit: 10_000 })) ?? []
      return bodies.map((body) => decodeMessage(body))
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.close()
      await store.close()
    },
  }
}

/** A backend without a place for schedules, so that the lock has to do. */
export function withoutSchedules({ tasks, groups, capabilities, close }: Backend): Backend {
  return { tasks, groups, capabilities, close }
}
