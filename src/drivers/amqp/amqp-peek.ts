import type { AmqpMessage } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { isNotFound } from './amqp-errors.ts'

/**
 * Takes up to `limit` waiting messages of a queue, oldest first, shows them all at once, and removes those that are answered. The others
 * return to their places with the end of the channel. A queue that is not there has none.
 */
export async function visit(
  connection: AmqpConnection,
  queue: string,
  limit: number,
  onMessages: (messages: readonly AmqpMessage[]) => Promise<readonly AmqpMessage[]>,
): Promise<void> {
  const channel = await connection.channel('plain', () => {})
  try {
    const { messageCount } = await connection.answered(channel.checkQueue(queue), 'look at a queue')
    const messages: AmqpMessage[] = []
    // No more than there were: a busy queue ends too.
    while (messages.length < Math.min(limit, messageCount)) {
      const message = await connection.answered(channel.get(queue, { noAck: false }), 'show a message')
      if (message === false) break
      messages.push(message)
    }
    if (messages.length === 0) return
    const removed = await onMessages(messages)
    for (const message of removed) channel.ack(message)
  } catch (error) {
    if (!isNotFound(error)) throw error
  } finally {
    // The end of the channel gives back the rest, and arrives after the acknowledgements.
    await connection.answered(channel.close(), 'close a channel').catch(() => {})
  }
}
