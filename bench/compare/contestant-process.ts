import type { Contestant, Place, Producer } from './contestant.ts'
import type { Answer, Request } from './contestant-requests.ts'

// One contestant in a process of its own: a producer, or a worker. Serves one request at a time.

/** Calls before those that are measured. */
const WARM_UP_CALLS = 300
/** How often a worker says how far it is, at most. */
const TELL_MS = 2

const [, , name = ''] = process.argv
const importedFrom = performance.now()
const { contestant } = (await import(`./contestants/${name}.ts`)) as { readonly contestant: Contestant }

const importMs = performance.now() - importedFrom
const tell = (answer: Answer): void => void process.send?.(answer)
const producers = new Map<string, Producer>()
let stopWork: (() => Promise<void>) | undefined
let workCpu: NodeJS.CpuUsage | undefined
let stored = 0
let told: NodeJS.Timeout | undefined
const latenessMs: number[] = []

const secondsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6

const onStored = (): void => {
  stored += 1
  told ??= setTimeout(() => {
    told = undefined
    tell({ kind: 'stored', count: stored })
  }, TELL_MS)
}

/** Keeps the processor busy. */
function burn(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

async function producerOf(place: Place): Promise<Producer> {
  const known = producers.get(place.queue)
  if (known !== undefined) return known
  const producer = await contestant.producer(place)
  producers.set(place.queue, producer)
  return producer
}

/** `count` calls of `each`, `inFlight` at a time. */
async function several(
  count: number,
  inFlight: number,
  each: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const line = async (): Promise<void> => {
    while (next < count) await each(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, line))
}

const pairs = (count: number): readonly (readonly [number, number])[] =>
  Array.from({ length: count }, (_, index) => [index, 1] as const)

async function serve(request: Request): Promise<Answer> {
  switch (request.do) {
    case 'prepare': {
      await contestant.prepare?.(request.place)
      return { kind: 'done' }
    }
    case 'enqueue': {
      const { send, sendMany } = await producerOf(request.place)
      const cpu = process.cpuUsage()
      const startedAt = performance.now()
      if (request.mode === 'bulk') await sendMany(pairs(request.count))
      else if (send === undefined) return { kind: 'absent' }
      else await several(request.count, request.mode === 'one' ? 1 : 100, (index) => send(index, 1))
      const seconds = (performance.now() - startedAt) / 1_000
      return { kind: 'measured', seconds, cpuSeconds: secondsOf(process.cpuUsage(cpu)), latenciesMs: [] }
    }
    case 'calls': {
      const { call } = await producerOf(request.place)
      if (call === undefined) return { kind: 'absent' }
      await several(WARM_UP_CALLS, 1, () => call(1, 1))
      const latenciesMs: number[] = []
      const cpu = process.cpuUsage()
      const startedAt = performance.now()
      await several(request.count, request.inFlight, async () => {
        const sentAt = performance.now()
        await call(1, 1)
        latenciesMs.push(performance.now() - sentAt)
        if (request.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, request.pauseMs))
      })
      const seconds = (performance.now() - startedAt) / 1_000
      return { kind: 'measured', seconds, cpuSeconds: secondsOf(process.cpuUsage(cpu)), latenciesMs }
    }
    case 'later': {
      const { sendLater } = await producerOf(request.place)
      if (sendLater === undefined) return { kind: 'absent' }
      const first = Date.now() + 1_000
      const sends: Promise<unknown>[] = []
      for (let index = 0; index < request.count; index += 1) {
        const dueAt = first + Math.floor((index / request.perSecond) * 1_000)
        while (Date.now() < dueAt - 1_000) await new Promise((resolve) => setTimeout(resolve, 1))
        sends.push(sendLater(dueAt, Math.max(dueAt - Date.now(), 0)))
      }
      await Promise.all(sends)
      return { kind: 'done' }
    }
    case 'work': {
      const { place, concurrency, cpuMs } = request
      stored = 0
      workCpu = process.cpuUsage()
      stopWork = await contestant.work(place, {
        concurrency,
        onStored,
        run: (one, other) => {
          if (other === 0) latenessMs.push(Date.now() - one)
          if (cpuMs > 0) burn(cpuMs)
          return one + other
        },
      })
      return { kind: 'done' }
    }
    case 'stop': {
      const cpuSeconds = workCpu === undefined ? 0 : secondsOf(process.cpuUsage(workCpu))
      await stopWork?.()
      for (const producer of producers.values()) await producer.close()
      producers.clear()
      clearTimeout(told)
      told = undefined
      return {
        kind: 'stopped',
        stored,
        cpuSeconds,
        rssBytes: process.resourceUsage().maxRSS * 1_024,
        latenessMs,
      }
    }
  }
}

process.on('message', (request: Request) => {
  serve(request)
    .then(tell)
    .catch((error: unknown) =>
      tell({
        kind: 'failed',
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready', importMs })
