import { describe, expect, it } from 'vitest'
import { createSlots } from '../../../src/worker/slots.ts'
import type { WorkerOptions } from '../../../src/worker/worker-options.ts'
import { openBench } from '../../support/builders.ts'

const cases: readonly (readonly [options: unknown, text: string])[] = [
  [{ concurrency: -1 }, 'concurrency is -1; a whole number from 0 is right, where 0 means twice the CPUs'],
  [{ concurrency: 1.5 }, 'concurrency is 1.5; a whole number from 0 is right, where 0 means twice the CPUs'],
  [
    { concurrency: 2, slots: createSlots(2) },
    'concurrency and slots are mutually exclusive; give one of them',
  ],
  [{ maxDeliveries: 0 }, 'maxDeliveries is 0; a whole number above 0 is right'],
  [{ maxDeliveries: Number.NaN }, 'maxDeliveries is NaN; a whole number above 0 is right'],
  [{ heartbeatMs: -1 }, 'heartbeatMs is -1; 0, or a number of ms from 1000, is right'],
  [{ heartbeatMs: 999 }, 'heartbeatMs is 999; 0, or a number of ms from 1000, is right'],
  [{ heartbeatMs: Infinity }, 'heartbeatMs is Infinity; 0, or a number of ms from 1000, is right'],
  [{ graceMs: -1 }, 'graceMs is -1; a number of ms from 0 is right'],
  [{ graceMs: Infinity }, 'graceMs is Infinity; a number of ms from 0 is right'],
  [
    { unknownTask: 'ignore' },
    "unknownTask is ignore; 'retryLater', 'deadLetter', 'drop' or a function is right",
  ],
  [{ order: 'random' }, "order is random; 'weighted' or 'strict' is right"],
  [{ middleware: [1] }, 'middleware has something else; an array of functions is right'],
  [{ queues: [] }, 'queues is empty; at least one queue name is right'],
  [{ queues: {} }, 'queues is empty; at least one queue name is right'],
  [{ queues: ['a', ''] }, 'queues names ""; names that are not empty and not repeated are right'],
  [{ queues: ['a', 'a'] }, 'queues names "a"; names that are not empty and not repeated are right'],
  [{ queues: { a: 0 } }, 'queues gives "a" the weight 0; a number above 0 is right'],
  [{ queues: { a: Number.NaN } }, 'queues gives "a" the weight NaN; a number above 0 is right'],
]

describe('the options of a worker', () => {
  it.each(cases)('%j are refused with what would be right', async (options, text) => {
    await using bench = await openBench()
    await expect(bench.startWorker(options as WorkerOptions)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: text,
    })
  })

  it.each([
    [{ concurency: 3 }, 'startWorker knows no option concurency; it knows name, concurrency,'],
    [{ hooks: { onError: () => {} } }, 'hooks knows no hook onError; it knows beforeConsume,'],
  ])('may not be misspelt: %j', async (options, text) => {
    await using bench = await openBench()
    await expect(bench.startWorker(options as WorkerOptions)).rejects.toThrow(text)
  })

  it('name workers that start at the same moment differently', async () => {
    await using bench = await openBench()
    const [one, other] = [await bench.startWorker(), await bench.startWorker()]
    expect(one.name).not.toBe(other.name)
  })

  it('may be left out', async () => {
    await using bench = await openBench()
    const worker = await bench.startWorker()
    const named = await bench.startWorker({ name: 'worker_1' })
    expect(worker.name).toMatch(/^worker_[0-9a-f]{8}$/)
    expect(named.name).toBe('worker_1')
    expect(bench.logs.filter((line) => line.message === 'worker started')).toMatchObject([
      { level: 'info', fields: { worker: worker.name, queues: ['machinery_tasks'] } },
      { level: 'info', fields: { worker: 'worker_1' } },
    ])
  })
})
