import type { DeadLetter, DelayedMessage, Inspector } from '../../core/ports/inspector.ts'
import type { AmqpAdmin } from './amqp-admin.ts'
import type { AmqpMessage } from './amqp-client.ts'
import type { AmqpConsumer } from './amqp-consumer.ts'
import type { AmqpDelays } from './amqp-delays.ts'
import { deadFacts, dueAt, queueOf } from './amqp-headers.ts'
import type { AmqpManagement } from './amqp-management.ts'
import { deadQueueOf } from './amqp-names.ts'
import type { AmqpSettings } from './amqp-options.ts'
import { awaitReturned, visit } from './amqp-peek.ts'
import type { AmqpPublisher } from './amqp-publisher.ts'
import { messageIdOf, priorityOf } from './amqp-returns.ts'

/** What an inspector needs of its broker. */
export interface InspectorPlace {
  readonly admin: AmqpAdmin
  readonly settings: AmqpSettings
  readonly delays: AmqpDelays
  readonly publisher: AmqpPublisher
  readonly management: AmqpManagement | undefined
  /** Queues that were used here. */
  readonly knownQueues: () => Iterable<string>
  /** Consumers of this broker. */
  readonly consumersOf: (queue: string) => readonly AmqpConsumer[]
  /** @throws `ERR_CLOSED` */
  readonly requireOpen: () => void
}

/** Delayed messages that one look goes through at most. */
const MOST_DELAYED = 100_000
const MOST_LOOKS = 5
const LEAST_DEAD_SHOWN = 1_000

/**
 * Looks into queues by taking messages and giving them back, which the server counts as a hand-over. Looks of one process take
 * turns; while one lasts, the messages it holds are not delivered.
 */
export function amqpInspector(place: InspectorPlace): Inspector {
  const { admin, settings, delays, publisher, management, knownQueues, consumersOf, requireOpen } = place
  let turn: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    requireOpen()
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  const look = async (
    queue: string,
    limit: number,
    onMessages: (messages: readonly AmqpMessage[]) => Promise<readonly AmqpMessage[]>,
  ): Promise<void> => {
    const kept = await visit(admin.connection, { queue, limit, clock: settings.clock }, onMessages)
    if (kept > 0) await awaitReturned(admin, settings, queue, kept)
  }

  /** Shows every delayed message; the answer says whether it is removed. */
  const visitDelayed = async (onMessage: (message: AmqpMessage) => boolean): Promise<void> => {
    let left = MOST_DELAYED
    for (const queue of await delays.occupied()) {
      await visit(admin.connection, { queue, limit: left, clock: undefined }, async (messages) => {
        left -= messages.length
        return messages.filter(onMessage)
      })
    }
  }

  const countDelayed = async (queue: string): Promise<number> => {
    let count = 0
    await visitDelayed((message) => {
      if (queueOf(message) === queue) count += 1
      return false
    })
    return count
  }

  const purgeDelayed = async (queue: string): Promise<number> => {
    let count = 0
    await visitDelayed((message) => {
      const isOfQueue = queueOf(message) === queue
      if (isOfQueue) count += 1
      return isOfQueue
    })
    return count
  }

  /** What is on its way to a consumer is in neither count: looks again until nothing was. */
  const waiting = async (queue: string): Promise<{ readonly ready: number; readonly readyHere: number }> => {
    const here = consumersOf(queue)
    const countHere = async (): Promise<number> => {
      await Promise.all(here.map((consumer) => consumer.sync()))
      return here.reduce((sum, consumer) => sum + consumer.ready.length, 0)
    }
    let before = await countHere()
    for (let looks = 1; ; looks++) {
      const ready = (await admin.counts(queue))?.ready ?? 0
      const readyHere = await countHere()
      if (readyHere === before || looks === MOST_LOOKS) return { ready, readyHere }
      before = readyHere
    }
  }

  const emptied = async (queue: string): Promise<number> => {
    if ((await admin.counts(queue)) === undefined) return 0
    return (await admin.run('purge a queue', (channel) => channel.purgeQueue(queue))).messageCount
  }

  const inFlight = async (queue: string, readyHere: number, heldHere: number): Promise<number> => {
    const unacked = await management?.unacknowledged(queue)
    return unacked === undefined ? heldHere : Math.max(unacked - readyHere, heldHere)
  }

  return {
    queues: () =>
      inTurn(async () => {
        const names = new Set(knownQueues())
        for (const name of (await management?.queueNames()) ?? []) names.add(name)
        return [...names]
      }),
    stats: (queue) =>
      inTurn(async () => {
        // A message goes from where it waits to its queue: in this order none is missed on its way.
        const delayed = await countDelayed(queue)
        const { ready, readyHere } = await waiting(queue)
        const dead = await admin.counts(deadQueueOf(queue))
        const heldHere = consumersOf(queue).reduce((sum, consumer) => sum + consumer.heldCount, 0)
        return {
          queue,
          pending: ready + readyHere,
          delayed,
          inFlight: await inFlight(queue, readyHere, heldHere),
          dead: dead?.ready ?? 0,
          oldestPendingAt: undefined,
        }
      }),
    pending: (queue, { offset, limit }) =>
      inTurn(async () => {
        const bodies: Uint8Array[] = consumersOf(queue).flatMap((consumer) => consumer.ready)
        await look(queue, offset + limit - bodies.length, async (messages) => {
          bodies.push(...messages.map(({ content }) => content))
          return []
        })
        return bodies.slice(offset, offset + limit)
      }),
    delayed: ({ offset, limit }) =>
      inTurn(async () => {
        const all: DelayedMessage[] = []
        await visitDelayed((message) => {
          all.push({ body: message.content, queue: queueOf(message), dueAt: dueAt(message) ?? 0 })
          return false
        })
        return all.toSorted((a, b) => a.dueAt - b.dueAt).slice(offset, offset + limit)
      }),
    dead: (queue, { offset, limit }) =>
      inTurn(async () => {
        const letters: DeadLetter[] = []
        // A quorum queue puts what was shown behind what was not: only a look at all of them finds the order.
        await look(deadQueueOf(queue), Math.max(offset + limit, LEAST_DEAD_SHOWN), async (messages) => {
          letters.push(
            ...messages.map((message, index) => ({
              ...deadFacts(message, index),
              body: message.content,
              queue,
            })),
          )
          return []
        })
        return letters.toSorted((a, b) => a.deadAt - b.deadAt).slice(offset, offset + limit)
      }),
    redrive: (queue, ids) =>
      inTurn(async () => {
        const wanted = new Set(ids)
        let moved = 0
        await look(deadQueueOf(queue), Infinity, async (messages) => {
          // An empty message stays: Go's workers throw away all they hold when they receive one.
          const chosen = messages.filter(
            (message, index) => message.content.byteLength > 0 && wanted.has(deadFacts(message, index).id),
          )
          const results = await publisher.putBack(
            chosen.map((message) => ({
              queue,
              body: message.content,
              delayMs: 0,
              priority: priorityOf(message),
              messageId: messageIdOf(message),
              deliveryCount: 0,
            })),
          )
          const stored = chosen.filter((_, index) => results[index]?.kind === 'stored')
          moved = stored.length
          return stored
        })
        return moved
      }),
    purge: (queue, what) =>
      inTurn(async () => {
        if (what === 'dead') return emptied(deadQueueOf(queue))
        // What becomes due meanwhile is found in the queue, and what is sent on meanwhile in the hands of a consumer.
        let count = (await purgeDelayed(queue)) + (await emptied(queue))
        for (const consumer of consumersOf(queue)) count += await consumer.purgeReady()
        return count
      }),
  }
}
