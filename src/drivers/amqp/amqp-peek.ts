import { sleep } from '../../core/clock.ts'
import type { AmqpAdmin } from './amqp-admin.ts'
import type { AmqpMessage } from './amqp-client.ts'
import { isNotFound } from './amqp-errors.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** How long a look waits for what it gave back, and how often it asks. */
const RETURNED_WITHIN_MS = 500
const ASK_AGAIN_MS = 5

/**
 * Takes up to `limit` waiting messages of a queue, oldest first, shows them all at once, and removes those that are answered. The others
 * return to their places with the end of the channel. A queue that is not there has none.
 */
export async function visit(
  admin: AmqpAdmin,
  settings: AmqpSettings,
  queue: string,
  limit: number,
  onMessages: (messages: readonly AmqpMessage[]) => Promise<readonly AmqpMessage[]>,
): Promise<void> {
  const { connection } = admin
  const messages: AmqpMessage[] = []
  const channel = await connection.channel('plain', () => {})
  let kept = 0
  try {
    const { messageCount } = await connection.answered(channel.checkQueue(queue), 'look at a queue')
    // No more than there were: a busy queue ends too.
    while (messages.length < Math.min(limit, messageCount)) {
      const message = await connection.answered(channel.get(queue, { noAck: false }), 'show a message')
      if (message === false) break
      messages.push(message)
    }
    if (messages.length === 0) return
    kept = messages.length
    const removed = await onMessages(messages)
    for (const message of removed) channel.ack(message)
    kept -= removed.length
  } catch (error) {
    if (!isNotFound(error)) throw error
  } finally {
    // The end of the channel gives back the rest, and arrives after the acknowledgements.
    await connection.ended(channel.close())
    if (kept > 0) await returned(admin, settings, queue, kept)
  }
}

/** A quorum queue has them again some time after the channel is closed; a look before that would not find them. */
async function returned(
  admin: AmqpAdmin,
  { clock }: AmqpSettings,
  queue: string,
  count: number,
): Promise<void> {
  const until = clock.monotonic() + RETURNED_WITHIN_MS
  while (clock.monotonic() < until) {
    const counts = await admin.counts(queue).catch(() => undefined)
    // Consumers take them at once.
    if (counts === undefined || counts.ready >= count || counts.consumers > 0) return
    await sleep(clock, ASK_AGAIN_MS)
  }
}
