import { describe, expect, it } from 'vitest'
import type { Broker, PublishOutcome } from '../../../src/core/ports/broker.ts'
import { task } from '../../../src/task/task.ts'
import { type Gate, gate, openBench } from '../../support/builders.ts'

const echo = task('echo', (value: number) => value)

/** A broker whose publishes wait for the test, one gate for each call. */
function gatedBroker() {
  const calls: { readonly size: number; readonly gate: Gate }[] = []
  const wrap = {
    backend: <T>(backend: T) => backend,
    broker: (broker: Broker): Broker => ({
      ...broker,
      async publish(batch) {
        const own = gate()
        calls.push({ size: batch.length, gate: own })
        await own.opened
        return broker.publish(batch)
      },
    }),
  }
  return { calls, wrap }
}

describe('sends', () => {
  it('of one turn share a batch', async () => {
    const { calls, wrap } = gatedBroker()
    await using bench = await openBench({ path: 'two ports', wrap })
    const sending = [1, 2, 3, 4, 5].map((value) => bench.server.send(echo(value)))
    await bench.clock.settle()
    expect(calls.map((call) => call.size)).toEqual([5])
    for (const call of calls) call.gate.open()
    expect(await Promise.all(sending)).toHaveLength(5)
  })

  it('are under way for at most a thousand messages; the others wait in order', async () => {
    const { calls, wrap } = gatedBroker()
    await using bench = await openBench({ path: 'two ports', wrap })
    const sending = Array.from({ length: 2_500 }, (_, value) => bench.server.send(echo(value)))
    await bench.clock.settle()
    expect(calls.map((call) => call.size)).toEqual([1_000])
    for (let done = 0; done < 3; done++) {
      calls[done]?.gate.open()
      await bench.clock.settle()
    }
    expect(calls.map((call) => call.size)).toEqual([1_000, 1_000, 500])
    await Promise.all(sending)
    const pending = await bench.server.getPendingTasks(undefined, { offset: 0, limit: 3_000 })
    expect(pending.map((message) => Number(message.args[0]?.value))).toEqual(
      Array.from({ length: 2_500 }, (_, value) => value),
    )
  })

  it('that are under way end before the server has closed', async () => {
    const { calls, wrap } = gatedBroker()
    await using bench = await openBench({ path: 'two ports', wrap })
    const sending = bench.server.send(echo(1))
    await bench.clock.settle()
    let isClosed = false
    const closing = bench.server.close().then(() => (isClosed = true))
    await bench.clock.settle()
    expect(isClosed).toBe(false)
    calls[0]?.gate.open()
    await sending
    await closing
    expect(await bench.store.broker.inspector?.stats('machinery_tasks')).toMatchObject({ pending: 1 })
  })

  it('that the broker refuses fail alone, with the reason', async () => {
    const wrap = {
      backend: <T>(backend: T) => backend,
      broker: (broker: Broker): Broker => ({
        ...broker,
        async publish(batch) {
          const stored = await broker.publish(batch.filter((message) => message.queue !== 'full'))
          let next = 0
          return batch.map((message): PublishOutcome =>
            message.queue === 'full' ? { outcome: 'refused' } : (stored[next++] ?? { outcome: 'uncertain' }),
          )
        },
      }),
    }
    await using bench = await openBench({ path: 'two ports', wrap })
    const outcomes = await Promise.allSettled([
      bench.server.send(echo(1)),
      bench.server.send(echo(2).with({ routingKey: 'full' })),
      bench.server.send(echo(3)),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({
      reason: { code: 'ERR_PUBLISH_REFUSED', message: 'Publish message error: the broker gave no reason' },
    })
  })
})
