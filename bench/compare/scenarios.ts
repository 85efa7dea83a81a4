import { ContestantChild } from './contestant-child.ts'
import type { Answer } from './contestant-requests.ts'
import type { Peer } from './peers.ts'
import type { RedisProbe } from './redis-facts.ts'
import type { Server } from './server.ts'

/** What one round of a scenario gave. Costs are per task. */
export interface Figures {
  readonly tasksPerSecond: number
  readonly nodeCpuPer10k: number
  readonly serverCpuPer10k: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly rssMiB?: number
  readonly commandsPerTask?: number
  /** Bytes of the server's memory per task that waits. */
  readonly bytesPerTask?: number
}

/** Where a round takes place. */
export interface Ring {
  readonly peer: Peer
  readonly server: Server
  readonly probe: RedisProbe | undefined
  /** Never used before. */
  readonly queue: string
  /** 1 is the full size. */
  readonly scale: number
}

export interface Scenario {
  readonly name: string
  readonly stores: readonly Peer['store'][]
  /** Undefined: the peer has no such thing. */
  run(ring: Ring): Promise<Figures | undefined>
}

const DRAIN_WITHIN_MS = 180_000
/** What a process does before it is measured: what is measured is code that is compiled, as in a worker that runs for days. */
const WARM_UP = { enqueue: 5_000, drain: 20_000 }

const placeOf = ({ server, queue }: Ring) => ({ url: server.url, queue })
const sizeOf = ({ peer, scale }: Ring, full: number): number =>
  Math.max(100, Math.round(full * peer.share * scale))

const start = ({ peer }: Ring): Promise<ContestantChild> => ContestantChild.start(peer.module, peer.node)

async function prepared(ring: Ring): Promise<ContestantChild> {
  const child = await start(ring)
  await child.ask({ do: 'prepare', place: placeOf(ring) })
  return child
}

function measured(answer: Answer): Extract<Answer, { kind: 'measured' }> | undefined {
  return answer.kind === 'measured' ? answer : undefined
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

function enqueue(name: string, mode: 'one' | 'flight' | 'bulk', full: number): Scenario {
  return {
    name,
    stores: ['redis', 'postgres', 'sqlite'],
    async run(ring) {
      const count = sizeOf(ring, full)
      await using child = await prepared(ring)
      const place = placeOf(ring)
      const warm = { ...place, queue: `${place.queue}_warm` }
      await child.ask({ do: 'prepare', place: warm })
      const warmUp = { do: 'enqueue', place: warm, mode, count: sizeOf(ring, WARM_UP.enqueue) } as const
      if ((await child.ask(warmUp)).kind === 'absent') return undefined
      const before = await ring.probe?.facts()
      const cpu = ring.server.cpuSeconds()
      const answer = measured(await child.ask({ do: 'enqueue', place, mode, count }))
      if (answer === undefined) return undefined
      const serverCpu = ring.server.cpuSeconds() - cpu
      const after = await ring.probe?.facts()
      return {
        tasksPerSecond: count / answer.seconds,
        nodeCpuPer10k: (answer.cpuSeconds / count) * 10_000,
        serverCpuPer10k: (serverCpu / count) * 10_000,
        ...(before === undefined || after === undefined
          ? {}
          : {
              commandsPerTask: (after.commands - before.commands) / count,
              bytesPerTask: (after.usedBytes - before.usedBytes) / count,
            }),
      }
    },
  }
}

interface DrainOptions {
  readonly concurrency: number
  readonly processes: number
  readonly full: number
  /** What each task costs, in ms of the processor. */
  readonly cpuMs?: number
}

function drain(name: string, { concurrency, processes, full, cpuMs = 0 }: DrainOptions): Scenario {
  return {
    name,
    stores: ['redis', 'postgres', 'sqlite'],
    async run(ring) {
      const count = sizeOf(ring, full)
      const place = placeOf(ring)
      {
        await using producer = await prepared(ring)
        await producer.ask({ do: 'enqueue', place, mode: 'bulk', count })
      }
      await using stack = new AsyncDisposableStack()
      const workers: ContestantChild[] = []
      for (let at = 0; at < processes; at += 1) workers.push(stack.use(await start(ring)))
      await Promise.all(workers.map((worker, at) => warmUp(ring, worker, `warm_${at}`, concurrency)))
      const before = await ring.probe?.facts()
      const cpu = ring.server.cpuSeconds()
      const all = allStored(workers, count)
      const startedAt = performance.now()
      await Promise.all(workers.map((worker) => worker.ask({ do: 'work', place, concurrency, cpuMs })))
      await all
      const seconds = (performance.now() - startedAt) / 1_000
      const serverCpu = ring.server.cpuSeconds() - cpu
      const after = await ring.probe?.facts()
      const ends = (await Promise.all(workers.map((worker) => worker.ask({ do: 'stop' })))).flatMap(
        (answer) => (answer.kind === 'stopped' ? [answer] : []),
      )
      const nodeCpu = ends.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
      return {
        tasksPerSecond: count / seconds,
        nodeCpuPer10k: (nodeCpu / count) * 10_000,
        serverCpuPer10k: (serverCpu / count) * 10_000,
        rssMiB: Math.max(...ends.map(({ rssBytes }) => rssBytes)) / 2 ** 20,
        ...(before === undefined || after === undefined
          ? {}
          : { commandsPerTask: (after.commands - before.commands) / count }),
      }
    },
  }
}

/** Has a worker drain another queue. */
async function warmUp(ring: Ring, worker: ContestantChild, name: string, concurrency: number): Promise<void> {
  const place = { ...placeOf(ring), queue: `${ring.queue}_${name}` }
  const count = sizeOf(ring, WARM_UP.drain)
  await worker.ask({ do: 'prepare', place })
  await worker.ask({ do: 'enqueue', place, mode: 'bulk', count })
  const all = allStored([worker], count)
  await worker.ask({ do: 'work', place, concurrency, cpuMs: 0 })
  await all
  await worker.ask({ do: 'stop' })
}

function allStored(workers: readonly ContestantChild[], count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const sum = (): number => workers.reduce((total, worker) => total + worker.stored, 0)
    const timer = setTimeout(
      () => reject(new Error(`${sum()} of ${count} were stored within ${DRAIN_WITHIN_MS} ms`)),
      DRAIN_WITHIN_MS,
    )
    for (const worker of workers) {
      worker.onStored = () => {
        if (sum() < count) return
        clearTimeout(timer)
        resolve()
      }
    }
  })
}

interface CallOptions {
  readonly full: number
  readonly inFlight: number
  readonly pauseMs: number
}

function calls(name: string, { full, inFlight, pauseMs }: CallOptions): Scenario {
  return {
    name,
    stores: ['redis', 'sqlite'],
    async run(ring) {
      const count = sizeOf(ring, full)
      const place = placeOf(ring)
      await using producer = await prepared(ring)
      await using worker = await start(ring)
      await worker.ask({ do: 'work', place, concurrency: 10, cpuMs: 0 })
      const cpu = ring.server.cpuSeconds()
      const answer = measured(await producer.ask({ do: 'calls', place, count, inFlight, pauseMs }))
      if (answer === undefined) return undefined
      return {
        tasksPerSecond: count / answer.seconds,
        nodeCpuPer10k: (answer.cpuSeconds / count) * 10_000,
        serverCpuPer10k: ((ring.server.cpuSeconds() - cpu) / count) * 10_000,
        p50Ms: quantile(answer.latenciesMs, 0.5),
        p99Ms: quantile(answer.latenciesMs, 0.99),
      }
    },
  }
}

const DUE_PER_SECOND = 1_000

const delayed: Scenario = {
  name: `delayed by a second, ${DUE_PER_SECOND.toLocaleString('en')} a second: lateness`,
  stores: ['redis', 'sqlite'],
  async run(ring) {
    const count = Math.max(200, Math.round(3 * DUE_PER_SECOND * ring.scale))
    const place = placeOf(ring)
    await using producer = await prepared(ring)
    await using worker = await start(ring)
    const all = allStored([worker], count)
    await worker.ask({ do: 'work', place, concurrency: 100, cpuMs: 0 })
    const sent = await producer.ask({ do: 'later', place, count, perSecond: DUE_PER_SECOND })
    if (sent.kind === 'absent') {
      all.catch(() => {})
      return undefined
    }
    await all
    const end = await worker.ask({ do: 'stop' })
    if (end.kind !== 'stopped') return undefined
    return {
      tasksPerSecond: DUE_PER_SECOND,
      nodeCpuPer10k: (end.cpuSeconds / count) * 10_000,
      serverCpuPer10k: Number.NaN,
      p50Ms: quantile(end.latenessMs, 0.5),
      p99Ms: quantile(end.latenessMs, 0.99),
    }
  },
}

/** From the start of a process to the moment at which its worker has connected; p99 stands for the import alone. */
const startUp: Scenario = {
  name: 'start-up of a worker process / its import',
  stores: ['redis', 'postgres', 'sqlite'],
  async run(ring) {
    const place = placeOf(ring)
    await using _tables = await prepared(ring)
    const startedAt = performance.now()
    await using worker = await start(ring)
    await worker.ask({ do: 'work', place, concurrency: 10, cpuMs: 0 })
    return {
      tasksPerSecond: Number.NaN,
      nodeCpuPer10k: Number.NaN,
      serverCpuPer10k: Number.NaN,
      p50Ms: performance.now() - startedAt,
      p99Ms: worker.importMs,
    }
  },
}

export const SCENARIOS: readonly Scenario[] = [
  enqueue('enqueue, awaited one by one', 'one', 20_000),
  enqueue('enqueue, 100 in flight', 'flight', 40_000),
  enqueue('enqueue, in bulk', 'bulk', 60_000),
  drain('drain, concurrency 1', { concurrency: 1, processes: 1, full: 40_000 }),
  drain('drain, concurrency 10', { concurrency: 10, processes: 1, full: 60_000 }),
  drain('drain, concurrency 100', { concurrency: 100, processes: 1, full: 60_000 }),
  drain('drain, 2 processes, concurrency 10', { concurrency: 10, processes: 2, full: 80_000 }),
  drain('drain, 1 ms of CPU each, concurrency 10', { concurrency: 10, processes: 1, full: 3_000, cpuMs: 1 }),
  calls('round trip, idle', { full: 2_000, inFlight: 1, pauseMs: 3 }),
  calls('round trip, 100 in flight', { full: 20_000, inFlight: 100, pauseMs: 0 }),
  delayed,
  startUp,
]
