import { expect, it } from 'vitest'

import { EMPTY_MESSAGE } from '../../src/core/message.ts'
import { encodeMessage } from '../../src/core/wire/message-codec.ts'
import { redisStore } from '../../src/drivers/redis/index.ts'
import { createServer } from '../../src/index.ts'
import { describeService } from '../support/services.ts'
import { waitFor } from '../support/wait-for.ts'
import { work } from './fault-work.ts'
import { publishPoison, type Poison } from './poison.ts'

const ROUNDS = 4
const MOST_ROUNDS = 16
/** Good messages of a round, once with four bad ones among them and once without. */
const GOOD = 2_500
const LEAST_PART = 0.8

await describeService('redis', (service) => {
  it('keeps four fifths of its speed when messages that no worker can run are among 10,000', async () => {
    const queue = service.namespace()
    await using store = await redisStore({ url: service.url })
    const { broker, backend } = store
    const { inspector } = broker
    if (inspector === undefined) throw new Error('redis can be inspected')
    const empty = async (): Promise<void> => {
      for (const what of ['waiting', 'dead'] as const) await inspector.purge(queue, what)
    }
    await empty()
    let done = 0
    const counted = work.implement(() => {
      done++
      return ''
    })
    await using server = await createServer({
      broker,
      resultBackend: backend,
      defaultQueue: queue,
      tasks: [counted],
    })
    await using worker = await server.startWorker({
      concurrency: 20,
      unknownTask: 'deadLetter',
      noSignals: true,
    })
    const poisons: Poison[] = []
    const mistyped: string[] = []

    const addPoison = async (): Promise<void> => {
      const { uuid } = work(0)
      const args = [{ name: '', type: 'string', value: '"seven"' }]
      const body = encodeMessage({ ...EMPTY_MESSAGE, uuid, name: work.name, args, routingKey: queue })
      mistyped.push(uuid)
      const publishing = publishPoison(broker, queue, mistyped.length)
      const [sent] = await broker.publish([{ queue, body, delayMs: 0, priority: 0, uuid, orderingKey: '' }])
      expect(sent?.outcome).toBe('stored')
      poisons.push(...(await publishing))
    }

    const run = async (hasPoison: boolean): Promise<number> => {
      const goal = done + GOOD
      const started = performance.now()
      const poison = hasPoison ? addPoison() : undefined
      await server.sendMany(Array.from({ length: GOOD }, (_, index) => work(index)))
      await waitFor(() => done === goal, { timeoutMs: 60_000, what: `${goal} good tasks to be done` })
      const tookMs = performance.now() - started
      await poison
      return tookMs
    }

    await run(false)
    const clean: number[] = []
    const poisoned: number[] = []
    const part = (): number => median(clean) / median(poisoned)
    for (let round = 0; round < ROUNDS || (part() <= LEAST_PART && round < MOST_ROUNDS); round++) {
      // In turns, so that what comes later is not always the same.
      for (const hasPoison of [round % 2 === 0, round % 2 === 1])
        (hasPoison ? poisoned : clean).push(await run(hasPoison))
    }
    await waitFor(async () => {
      const stats = await server.queueStats()
      return stats.pending + stats.delayed + stats.inFlight === 0
    })

    const dead = await inspector.dead(queue, { offset: 0, limit: 1_000 })
    const reasons = new Map(dead.map(({ body, reason }) => [Buffer.from(body).toString(), reason]))
    expect(dead).toHaveLength(poisons.length)
    for (const { body } of poisons) expect(reasons.get(Buffer.from(body).toString())).toMatch(/./)
    const states = await backend.tasks.get(mistyped)
    for (const state of states) {
      expect(state?.state).toBe('FAILURE')
      expect(state?.error).toMatch(/./)
    }
    expect(part(), `ms without poison: ${clean.join(', ')}; with: ${poisoned.join(', ')}`).toBeGreaterThan(
      LEAST_PART,
    )
    await worker.close()
    await empty()
  })
})

/** What else the machine does disturbs both kinds of rounds, and some of each more than others. */
function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
