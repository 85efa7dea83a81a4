import { MachineryError } from '../../core/errors.ts'
import type { OpenRedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { withoutCommand } from './redis-errors.ts'
import type { RedisSettings } from './redis-options.ts'

/** How long a publish waits for a replica, or for the disk. */
const DURABLE_WITHIN_MS = '1000'

/** Sends something by `RedisConnection`, whose `onSent` this is. */
export type SendWith = (onSent: ((client: OpenRedisClient) => void) | undefined) => Promise<unknown>

/**
 * Sends, and resolves with the answer when it is as durable as the settings ask for. The question goes right behind it on the
 * same connection, where it means what was sent before: also when the server had to be given the script first.
 * @throws as `RedisConnection.command`; `ERR_PUBLISH_UNCERTAIN` where it was done, and is not known to be durable
 */
export async function durably(
  connection: RedisConnection,
  { durability }: RedisSettings,
  send: SendWith,
): Promise<unknown> {
  if (durability === 'fast') return send(undefined)
  const isReplicated = durability === 'replicated'
  let asked: Promise<unknown> = Promise.resolve()
  const answer = await send((client) => {
    asked = isReplicated
      ? client.callBuffer('wait', ['1', DURABLE_WITHIN_MS])
      : client.callBuffer('waitaof', ['1', '0', DURABLE_WITHIN_MS])
    // What was sent may have failed, and says so itself.
    asked.catch(() => {})
  })
  const place = isReplicated ? 'a replica' : 'the disk'
  const uncertain = (why: string, cause?: unknown): MachineryError =>
    new MachineryError(
      'ERR_PUBLISH_UNCERTAIN',
      `${connection.name}: it is not known to be on ${place}: ${why}`,
      {
        ...(cause === undefined ? {} : { cause }),
        details: { maybeExecuted: true },
      },
    )
  const reached = await asked.catch((error: unknown) => {
    throw uncertain(error instanceof Error ? error.message : String(error), withoutCommand(error))
  })
  const count = Number(isReplicated ? reached : (reached as readonly unknown[])[0])
  if (!(count >= 1)) throw uncertain(`not within ${DURABLE_WITHIN_MS} ms`)
  return answer
}
