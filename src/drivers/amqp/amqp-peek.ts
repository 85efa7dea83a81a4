import { type Clock, sleep } from '../../core/clock.ts'
import type { AmqpAdmin } from './amqp-admin.ts'
import type { AmqpMessage } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { isNotFound } from './amqp-errors.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** How long a look waits for what a look gave back, and how often it asks. */
const RETURNED_WITHIN_MS = 5_000
const FOUND_WITHIN_MS = 1_000
const ASK_AGAIN_MS = 5

/** What is looked at. */
export interface Visit {
  readonly queue: string
  readonly limit: number
  /** Of the wait for messages that are on their way back; undefined where they expire. */
  readonly clock: Clock | undefined
}

/**
 * Takes up to `limit` waiting messages of a queue, oldest first, shows them all at once, and removes those that are answered. The others
 * return to their places with the end of the channel; answers how many. A queue that is not there has none.
 */
export async function visit(
  connection: AmqpConnection,
  { queue, limit, clock }: Visit,
  onMessages: (messages: readonly AmqpMessage[]) => Promise<readonly AmqpMessage[]>,
): Promise<number> {
  const channel = await connection.channel('plain', () => {})
  try {
    const messages: AmqpMessage[] = []
    const { messageCount, consumerCount } = await connection.answered(
      channel.checkQueue(queue),
      'look at a queue',
    )
    const until = clock === undefined ? 0 : clock.monotonic() + FOUND_WITHIN_MS
    // No more than there were: a busy queue ends too.
    while (messages.length < Math.min(limit, messageCount)) {
      const message = await connection.answered(channel.get(queue, { noAck: false }), 'show a message')
      if (message !== false) messages.push(message)
      // A quorum queue counts also what is on its way back; others that take from it are why it may not come.
      else if (clock === undefined || consumerCount > 0 || clock.monotonic() >= until) break
      else await sleep(clock, ASK_AGAIN_MS)
    }
    if (messages.length === 0) return 0
    const removed = await onMessages(messages)
    for (const message of removed) channel.ack(message)
    return messages.length - removed.length
  } catch (error) {
    if (!isNotFound(error)) throw error
    return 0
  } finally {
    // The end of the channel gives back the rest, and arrives after the acknowledgements.
    await connection.ended(channel.close())
  }
}

/**
 * Resolves when a queue has again as many as a visit gave back: for a quorum queue that is some time after the end of the channel, and
 * a visit before that would not find them. Only for a queue whose messages do not expire.
 */
export async function awaitReturned(
  admin: AmqpAdmin,
  { clock }: AmqpSettings,
  queue: string,
  count: number,
): Promise<void> {
  const until = clock.monotonic() + RETURNED_WITHIN_MS
  while (clock.monotonic() < until) {
    const counts = await admin.counts(queue).catch(() => undefined)
    // Consumers take what returns.
    if (counts === undefined || counts.ready >= count || counts.consumers > 0) return
    await sleep(clock, ASK_AGAIN_MS)
  }
}
