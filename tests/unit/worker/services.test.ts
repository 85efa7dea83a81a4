import { describe, expect, it } from 'vitest'
import { MachineryError } from '../../../src/core/errors.ts'
import type { Chore } from '../../../src/core/ports/broker.ts'
import { type FakeClock, fakeClock } from '../../../src/testing/index.ts'
import { memoryStore } from '../../../src/drivers/memory/index.ts'
import { createProducer } from '../../../src/server/server.ts'
import type { Runtime } from '../../../src/server/runtime.ts'
import { ChoreRunner } from '../../../src/worker/chore-runner.ts'
import { Fetcher } from '../../../src/worker/fetcher.ts'
import { Parking } from '../../../src/worker/parking.ts'
import type { Service } from '../../../src/worker/service.ts'
import { ProgressReports } from '../../../src/worker/progress-reports.ts'
import { Settler } from '../../../src/worker/settler.ts'
import { type LogLine, recordingLogger } from '../../support/builders.ts'

const nothing = (): void => {}

function runtimeOn(clock: FakeClock): Runtime {
  const store = memoryStore({ clock })
  const ports = { broker: store.broker, backend: store.backend, lock: store.lock, close: () => store.close() }
  return createProducer(ports, { clock }).runtime
}

const makers: readonly (readonly [string, (clock: FakeClock) => Promise<Service>])[] = [
  ['ChoreRunner', async (clock) => new ChoreRunner([everyMs(10)], clock, recordingLogger([]))],
  [
    'Settler',
    async (clock) =>
      new Settler(runtimeOn(clock), { onSettled: nothing, onFenced: nothing, onError: nothing }),
  ],
  ['ProgressReports', async (clock) => new ProgressReports(runtimeOn(clock))],
  ['Parking', async (clock) => new Parking(runtimeOn(clock), { onLook: nothing, onError: nothing })],
  [
    'Fetcher',
    async (clock) => {
      const consumer = await memoryStore({ clock }).broker.consume('q', { maxUnsettled: 1, onLost: nothing })
      return new Fetcher({
        lines: [{ queue: 'q', weight: 1, consumer }],
        order: 'strict',
        clock,
        room: () => 1,
        accept: async () => {},
        isHeldBack: () => false,
        beforeConsume: undefined,
        onError: nothing,
      })
    },
  ],
]

const everyMs = (nextInMs: number, run: () => void = nothing): Chore => ({
  name: 'chore',
  run: async () => {
    run()
    return { nextInMs }
  },
})

describe.each(makers)('the service %s', (_name, make) => {
  it('may be stopped before it starts, and stays stopped', async () => {
    const clock = fakeClock()
    const service = await make(clock)
    await service.stop()
    service.start()
    await clock.advance(100)
    await service.stop()
    expect(clock.pendingTimers).toBe(0)
  })

  it('may be started and stopped twice', async () => {
    const clock = fakeClock()
    const service = await make(clock)
    service.start()
    service.start()
    await clock.advance(100)
    await Promise.all([service.stop(), service.stop()])
    await service.stop()
    expect(clock.pendingTimers).toBe(0)
  })

  it('leaves nothing behind, fifty times', async () => {
    const clock = fakeClock()
    for (let round = 0; round < 50; round++) {
      const service = await make(clock)
      service.start()
      if (round % 2 === 0) await clock.settle()
      await service.stop()
    }
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('the chores of a driver', () => {
  it('run at once and then when they say, with some jitter', async () => {
    const clock = fakeClock()
    const times: number[] = []
    const runner = new ChoreRunner(
      [everyMs(1_000, () => times.push(clock.monotonic()))],
      clock,
      recordingLogger([]),
    )
    runner.start()
    await clock.advance(10_500)
    await runner.stop()
    expect(times[0]).toBe(0)
    expect(times.length).toBeGreaterThanOrEqual(10)
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    for (const gap of gaps) expect(Math.abs(gap - 1_000)).toBeLessThanOrEqual(50)
    expect(new Set(gaps).size).toBeGreaterThan(1)
  })

  it('that fail are logged and run again after growing pauses; the others are not disturbed', async () => {
    const clock = fakeClock()
    const logs: LogLine[] = []
    let good = 0
    let isBroken = true
    const broken: Chore = {
      name: 'broken',
      run: async () => {
        if (isBroken) throw new Error('store is down')
        return { nextInMs: 1_000 }
      },
    }
    const runner = new ChoreRunner([broken, everyMs(100, () => (good += 1))], clock, recordingLogger(logs))
    runner.start()
    await clock.advance(60_000)
    const pauses = logs.map((line) => line.fields['retryInMs'])
    expect(pauses.slice(0, 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
    expect(logs[0]).toMatchObject({ level: 'warn', fields: { chore: 'broken' } })
    expect(good).toBeGreaterThan(500)
    isBroken = false
    await clock.advance(30_000)
    const before = logs.length
    await clock.advance(30_000)
    expect(logs).toHaveLength(before)
    await runner.stop()
  })

  it('are told to stop, and waited for', async () => {
    const clock = fakeClock()
    const ends: string[] = []
    const patient: Chore = {
      name: 'patient',
      run: (signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            ends.push('told')
            resolve({ nextInMs: 1 })
          }),
        ),
    }
    const runner = new ChoreRunner([patient], clock, recordingLogger([]))
    runner.start()
    await runner.stop()
    expect(ends).toEqual(['told'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('end when their driver is closed', async () => {
    const clock = fakeClock()
    const logs: LogLine[] = []
    const closed: Chore = {
      name: 'closed',
      run: () => Promise.reject(new MachineryError('ERR_CLOSED', 'closed')),
    }
    const runner = new ChoreRunner([closed], clock, recordingLogger(logs))
    runner.start()
    await clock.advance(60_000)
    expect([logs.length, clock.pendingTimers]).toEqual([0, 0])
    await runner.stop()
  })
})

describe('the fetcher', () => {
  it('reports a consumer that somebody else has closed, and ends', async () => {
    const clock = fakeClock()
    const errors: unknown[] = []
    const consumer = await memoryStore({ clock }).broker.consume('q', { maxUnsettled: 1, onLost: nothing })
    const fetcher = new Fetcher({
      lines: [{ queue: 'q', weight: 1, consumer }],
      order: 'strict',
      clock,
      room: () => 1,
      accept: async () => {},
      isHeldBack: () => false,
      beforeConsume: undefined,
      onError: (error) => errors.push(error),
    })
    fetcher.start()
    await clock.settle()
    await consumer.close()
    await clock.settle()
    expect(errors).toMatchObject([{ code: 'ERR_CLOSED' }])
    expect(clock.pendingTimers).toBe(0)
    await fetcher.stop()
  })
})
