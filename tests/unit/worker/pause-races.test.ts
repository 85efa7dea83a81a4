import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { Consumer, Delivery } from '../../../src/core/ports/broker.ts'
import { task } from '../../../src/task/task.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { Fetcher } from '../../../src/worker/fetcher.ts'
import { gate, openBench, type PortWrapper, QUEUE } from '../../support/builders.ts'

/** Looks are this far apart at least, and at most 100 ms more. */
const LOOK_AT_LEAST_MS = 850

/** Counts the looks of workers at what is paused. */
function countingLooks() {
  const looks = { count: 0 }
  const backend = ({ control, ...rest }: Backend): Backend => ({
    ...rest,
    ...(control && {
      control: {
        ...control,
        list: async (area, prefix) => {
          const answer = await control.list(area, prefix)
          looks.count += 1
          return answer
        },
      },
    }),
  })
  return { looks, backend }
}

describe('a pause that comes', () => {
  it('while tasks wait for a slot gives them back at once', async () => {
    const { opened, open } = gate()
    let runs = 0
    const quick = task('quick', () => {
      runs += 1
      return runs > 20 ? opened : undefined
    })
    const { looks, backend } = countingLooks()
    await using bench = await openBench({ tasks: [quick], wrap: { broker: (broker) => broker, backend } })
    await bench.startWorker({ concurrency: 1 })
    const nextLook = async (): Promise<void> => {
      const before = looks.count
      await bench.clock.advanceUntil(() => looks.count > before, 1_000)
    }
    await bench.clock.settle()
    await nextLook()
    await bench.clock.advance(LOOK_AT_LEAST_MS)
    await bench.server.sendMany(Array.from({ length: 60 }, () => quick()))
    await bench.clock.settle()
    expect(runs).toBe(21)
    expect(await bench.server.queueStats(), 'some are claimed ahead').toMatchObject({ inFlight: 40 })
    await bench.server.queues.pause(QUEUE)
    await nextLook()
    expect(await bench.server.queueStats()).toMatchObject({ pending: 39, inFlight: 1 })
    open()
    await bench.clock.settle()
    expect(runs).toBe(21)
  })

  it('while the states of what was claimed are read lets none of it start', async () => {
    const { opened, open } = gate()
    let [runs, reads] = [0, 0]
    const work = task('work', () => void (runs += 1))
    const wrap: PortWrapper = {
      broker: (broker) => broker,
      backend: (backend) => ({
        ...backend,
        tasks: {
          ...backend.tasks,
          get: async (uuids) => {
            reads += 1
            await opened
            return backend.tasks.get(uuids)
          },
        },
      }),
    }
    await using bench = await openBench({ tasks: [work], wrap })
    await bench.startWorker()
    await bench.server.send(work())
    await bench.clock.settle()
    expect(reads).toBe(1)
    await bench.server.queues.pause(QUEUE)
    await bench.clock.advance(1_000)
    open()
    await bench.clock.settle()
    expect(runs).toBe(0)
    expect(await bench.server.queueStats()).toMatchObject({ pending: 1, inFlight: 0 })
  })

  it('while the begin of a message that was handed out before is stored does not let its task start', async () => {
    const { opened, open } = gate()
    let [runs, begins] = [0, 0]
    const work = task('work', async () => {
      runs += 1
      return new Promise<void>(() => {})
    })
    const wrap: PortWrapper = {
      broker: (broker) => broker,
      backend: (backend) => ({
        ...backend,
        tasks: {
          ...backend.tasks,
          begin: async (writes) => {
            begins += 1
            await opened
            return backend.tasks.begin(writes)
          },
        },
      }),
    }
    await using bench = await openBench({ tasks: [work], wrap })
    const dying = await bench.newProcess([work])
    await dying.startWorker()
    await bench.server.send(work())
    await bench.clock.settle()
    dying.kill()
    await bench.startWorker()
    await bench.clock.settle()
    expect([runs, begins]).toEqual([1, 1])
    await bench.server.tasks.pause('work')
    await bench.clock.advance(1_000)
    open()
    await bench.clock.settle()
    expect(runs).toBe(1)
    expect(await bench.server.queueStats()).toMatchObject({ delayed: 1, inFlight: 0 })
  })
})

/** A fetcher over consumers that have a message for whoever does not wait. */
function fetching(queues: readonly string[], beforeConsume?: () => boolean) {
  const clock = fakeClock()
  const claims: string[] = []
  const state = { isHeldBack: false }
  const delivery: Delivery = { id: 'd', body: Buffer.of(), queue: 'q', deliveryCount: 0, receivedAt: 0 }
  const consumerOf = (queue: string): Consumer => ({
    claim: async (_, signal) => {
      claims.push(`${queue} ${signal === undefined ? 'now' : 'waiting'}`)
      if (signal === undefined) return state.isHeldBack ? [delivery] : []
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    },
    settle: async () => [],
    resize: async () => {},
    close: async () => {},
  })
  const accepted: Delivery[] = []
  const fetcher = new Fetcher({
    lines: queues.map((queue) => ({ queue, weight: 1, consumer: consumerOf(queue) })),
    order: 'strict',
    clock,
    room: () => 1,
    accept: async (_, deliveries) => void accepted.push(...deliveries),
    isHeldBack: () => state.isHeldBack,
    beforeConsume,
    onError: () => {},
  })
  return { clock, fetcher, claims, accepted, state }
}

describe.each([[['a']], [['a', 'b']]])('a fetcher of %j', (queues) => {
  it('takes nothing at the moment at which its queues are held back, and goes on after it', async () => {
    const { clock, fetcher, claims, accepted, state } = fetching(queues)
    fetcher.start()
    await clock.settle()
    expect(claims.filter((claim) => claim.endsWith('waiting'))).toHaveLength(queues.length)
    claims.length = 0
    state.isHeldBack = true
    fetcher.reconsider()
    await clock.advance(10_000)
    expect([claims, accepted]).toEqual([[], []])
    state.isHeldBack = false
    fetcher.reconsider()
    await clock.settle()
    expect(claims.filter((claim) => claim.endsWith('waiting'))).toHaveLength(queues.length)
    await fetcher.stop()
  })

  it('takes nothing when they are held back while a hook is asked', async () => {
    const { clock, fetcher, claims, accepted, state } = fetching(queues, () => (state.isHeldBack = true))
    fetcher.start()
    await clock.settle()
    expect([claims, accepted]).toEqual([[], []])
    await fetcher.stop()
  })
})
