import type { CreateServerOptions, Server } from '../../src/app/create-server.ts'
import { createServer } from '../../src/app/create-server.ts'
import type { LogFields, Logger } from '../../src/core/logger.ts'
import type { Message } from '../../src/core/message.ts'
import { EMPTY_MESSAGE, withMessage } from '../../src/core/message.ts'
import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker, Consumer } from '../../src/core/ports/broker.ts'
import type { DeadLetter } from '../../src/core/ports/inspector.ts'
import type { TaskState } from '../../src/core/task-state.ts'
import { encodeMessage } from '../../src/core/wire/message-codec.ts'
import { memoryStore, type MemoryParts, type MemoryStore } from '../../src/drivers/memory/index.ts'
import type { AnyTask } from '../../src/task/task-definition.ts'
import {
  type BackendFaults,
  type BrokerFaults,
  type FakeClock,
  fakeClock,
  faultyBackend,
  faultyBroker,
  memoryFaults,
} from '../../src/testing/index.ts'
import type { WorkerOptions } from '../../src/worker/worker-options.ts'
import type { Worker } from '../../src/worker/worker.ts'

/** `one store`: what can be fused is fused. `two ports`: the generic path, over two separate stores. */
export type StorePath = 'one store' | 'two ports'

/** Both paths must behave alike: `describe.each(STORE_PATHS)`. */
export const STORE_PATHS: readonly StorePath[] = ['one store', 'two ports']

/** One line that was logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

/** What a bench is made of. */
export interface BenchOptions {
  /** @default 'one store' */
  readonly path?: StorePath
  readonly tasks?: readonly AnyTask[]
  /** @default true */
  readonly withBackend?: boolean
  readonly server?: Omit<CreateServerOptions, 'broker' | 'resultBackend' | 'tasks' | 'clock' | 'logger'>
  /** Seed of the clock's random numbers. */
  readonly seed?: number
  /** Wraps the ports of the first process. */
  readonly wrap?: PortWrapper
}

/** Puts something between a server and its ports. */
export interface PortWrapper {
  readonly broker: (broker: Broker) => Broker
  readonly backend: (backend: Backend) => Backend
}

/** One process: a server over ports of its own, which can fail and die. */
export interface BenchProcess {
  readonly server: Server
  readonly brokerFaults: BrokerFaults
  readonly backendFaults: BackendFaults
  /** A worker that leaves the signals of the test process alone. */
  startWorker(options?: WorkerOptions): Promise<Worker>
  /** As SIGKILL does: what its workers hold returns counted, and nothing of it reaches the stores any more. */
  kill(): void
}

/** A process over a memory store and a fake clock, and further processes over the same store. */
export interface Bench extends BenchProcess, AsyncDisposable {
  readonly clock: FakeClock
  readonly logs: readonly LogLine[]
  /** Where the messages are. */
  readonly store: MemoryStore
  /** Where the states are: the same store, or another one. */
  readonly backend: Backend
  newProcess(tasks: readonly AnyTask[], wrap?: PortWrapper): Promise<BenchProcess>
  /** The outcome of `promise`, with time moving on until it is there. */
  settled<T>(promise: Promise<T>, limitMs?: number): Promise<T>
  state(uuid: string): Promise<TaskState | undefined>
  dead(queue?: string): Promise<readonly DeadLetter[]>
  /** Publishes a message, or bytes, as a foreign producer does: without a state. */
  publish(message: Partial<Message> | Uint8Array, queue?: string): Promise<void>
}

/** The queue of a bench. */
export const QUEUE = 'machinery_tasks'

/** Makes a bench. `await using` closes it, and moves the time that takes. */
export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const { path = 'one store', withBackend = true } = options
  const clock = fakeClock(undefined, options.seed)
  const logs: LogLine[] = []
  const store = memoryStore({ clock })
  const results = path === 'one store' ? store : memoryStore({ clock })
  const processes: Server[] = []

  const newProcess = async (
    tasks: readonly AnyTask[],
    wrap?: PortWrapper,
    server: BenchOptions['server'] = {},
  ): Promise<BenchProcess> => {
    const ports = store.open()
    const backend = path === 'one store' ? ports.backend : results.open().backend
    const made = await openProcess({ ...ports, backend }, store, clock, {
      ...server,
      tasks,
      withBackend,
      wrap,
      isFused: path === 'one store',
      logger: recordingLogger(logs),
    })
    processes.push(made.server)
    return made
  }

  const first = await newProcess(options.tasks ?? [], options.wrap, options.server)
  const settled = async <T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> => {
    let ended = false
    const end = (): void => void (ended = true)
    promise.then(end, end)
    await clock.settle()
    if (!ended) await clock.advanceUntil(() => ended, limitMs)
    return promise
  }
  return {
    ...first,
    clock,
    logs,
    store,
    backend: results.backend,
    newProcess: (tasks, wrap) => newProcess(tasks, wrap),
    settled,
    state: async (uuid) => (await results.backend.tasks.get([uuid]))[0],
    dead: async (queue = QUEUE) =>
      (await store.broker.inspector?.dead(queue, { offset: 0, limit: 1_000 })) ?? [],
    publish: (message, queue = QUEUE) => publish(store.broker, message, queue),
    async [Symbol.asyncDispose]() {
      for (const server of processes) await settled(server.close())
      await Promise.all([store.close(), results.close()])
    },
  }
}

interface ProcessOptions extends Omit<CreateServerOptions, 'broker' | 'resultBackend'> {
  readonly withBackend: boolean
  readonly isFused: boolean
  readonly wrap: PortWrapper | undefined
}

async function openProcess(
  ports: MemoryParts,
  store: MemoryStore,
  clock: FakeClock,
  { withBackend, isFused, wrap, ...options }: ProcessOptions,
): Promise<BenchProcess> {
  const brokerFaults: BrokerFaults = {}
  const backendFaults: BackendFaults = {}
  const consumers: Consumer[] = []
  const faulty = faultyBroker(recordingConsumers(ports.broker, consumers), brokerFaults, clock)
  const faultyResults = faultyBackend(ports.backend, backendFaults, clock)
  const backend = wrap?.backend(faultyResults) ?? faultyResults
  const fused: Broker = isFused
    ? {
        ...faulty,
        sameStore: (other) =>
          other === backend || other === faultyResults ? faultySameStore(ports, backendFaults) : undefined,
      }
    : faulty
  const server = await createServer({
    ...options,
    broker: wrap?.broker(fused) ?? fused,
    resultBackend: withBackend ? backend : null,
    clock,
  })
  return {
    server,
    brokerFaults,
    backendFaults,
    startWorker: (workerOptions) => server.startWorker({ noSignals: true, ...workerOptions }),
    kill() {
      brokerFaults.down = true
      backendFaults.down = true
      for (const consumer of consumers) memoryFaults(store).crash(consumer)
    },
  }
}

function recordingConsumers(broker: Broker, consumers: Consumer[]): Broker {
  return {
    ...broker,
    async consume(queue, options) {
      const consumer = await broker.consume(queue, options)
      consumers.push(consumer)
      return consumer
    },
  }
}

/** The fused calls fail with the backend: they are one store. */
function faultySameStore(
  { broker, backend }: MemoryParts,
  faults: BackendFaults,
): ReturnType<NonNullable<Broker['sameStore']>> {
  const fused = broker.sameStore?.(backend)
  if (fused === undefined) return undefined
  const through = async <T>(call: () => Promise<T>): Promise<T> => {
    // Fails, or loses the reply, as the backend would.
    if (faults.down === true) throw new Error('connection lost (fault of a test)')
    const answer = await call()
    if (faults.loseReplies === true) throw new Error('reply lost (fault of a test)')
    return answer
  }
  return {
    send: (batch) => through(() => fused.send(batch)),
    finish: (batch) => through(() => fused.finish(batch)),
  }
}

async function publish(broker: Broker, message: Partial<Message> | Uint8Array, queue: string): Promise<void> {
  const body =
    message instanceof Uint8Array ? message : encodeMessage(withMessage({ ...EMPTY_MESSAGE, ...message }, {}))
  const [outcome] = await broker.publish([
    { queue, body, delayMs: 0, priority: 0, uuid: '', orderingKey: '' },
  ])
  if (outcome?.outcome !== 'stored') throw new Error(`not published: ${outcome?.error?.message}`)
}

/** A logger that keeps its lines, with the bindings of its parents. */
export function recordingLogger(lines: LogLine[], bindings: LogFields = {}): Logger {
  const write = (level: LogLine['level']) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields: { ...bindings, ...fields }, message })
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => recordingLogger(lines, { ...bindings, ...more }),
  }
}

/** A promise that a test ends when it wants. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

/** Makes a gate. */
export function gate(): Gate {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
