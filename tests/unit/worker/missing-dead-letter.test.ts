import { describe, expect, it } from 'vitest'

import { task } from '../../../src/task/task.ts'
import type { WorkerOptions } from '../../../src/worker/worker-options.ts'
import { type Bench, openBench, QUEUE, STORE_PATHS } from '../../support/builders.ts'

const KNOWN = task('known', () => 'never run')

/** As if a worker had stored the FAILURE, and ended before the message was settled. */
async function failedAndBack(
  bench: Bench,
  { name, error, keep = false, counted = true }: Failed,
): Promise<void> {
  const { broker } = bench.store
  await bench.backend.tasks.fail([
    { uuid: 'task_1', taskName: name, error, createdAt: '', expiresInMs: 3_600_000, over: ['PENDING'] },
  ])
  await bench.publish({ uuid: 'task_1', name, stopTaskDeletionOnError: keep })
  const consumer = await broker.consume(QUEUE, { maxUnsettled: 1, onLost: () => {} })
  const [delivery] = await consumer.claim(1)
  await consumer.settle([{ id: delivery?.id ?? '', kind: 'release', delayMs: 0, counted }])
  await consumer.close()
}

interface Failed {
  readonly name: string
  readonly error: string
  readonly keep?: boolean
  readonly counted?: boolean
}

const UNKNOWN = 'Task not registered error: other; no worker knew it in 66 deliveries'
const OFTEN = 'delivered 11 times without an end; maxDeliveries is 10'

describe.each(STORE_PATHS)('a message that came back after its FAILURE was stored, over %s', (path) => {
  it.each<[string, Failed, WorkerOptions, string]>([
    ['of a task that no worker knew', { name: 'other', error: UNKNOWN }, {}, UNKNOWN],
    ['of a task that is known by now', { name: 'known', error: UNKNOWN }, {}, UNKNOWN],
    ['that was delivered too often', { name: 'known', error: OFTEN }, {}, OFTEN],
    ['with StopTaskDeletionOnError', { name: 'known', error: 'no luck', keep: true }, {}, 'failed: no luck'],
    [
      'where failures are kept',
      { name: 'known', error: 'no luck' },
      { deadLetterFailures: true },
      'failed: no luck',
    ],
  ])('%s becomes the dead letter that it should have become', async (_, failed, options, reason) => {
    await using bench = await openBench({ path, tasks: [KNOWN] })
    await failedAndBack(bench, failed)
    await bench.startWorker(options)
    await bench.clock.settle()
    expect(await bench.dead()).toMatchObject([{ reason }])
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, delayed: 0 })
  })

  it.each<[string, Failed, WorkerOptions]>([
    ['of a task that failed as others do', { name: 'known', error: 'no luck' }, {}],
    [
      'of a task that is dropped where it is not known',
      { name: 'other', error: UNKNOWN },
      { unknownTask: 'drop' },
    ],
    ['that a function drops', { name: 'other', error: UNKNOWN }, { unknownTask: () => 'drop' }],
    ['that never came before: a copy', { name: 'other', error: UNKNOWN, counted: false }, {}],
  ])('%s is acknowledged', async (_, failed, options) => {
    await using bench = await openBench({ path, tasks: [KNOWN] })
    await failedAndBack(bench, failed)
    await bench.startWorker(options)
    await bench.clock.settle()
    expect(await bench.dead()).toEqual([])
    expect(await bench.server.queueStats()).toMatchObject({ pending: 0, inFlight: 0, delayed: 0 })
  })
})
