import { Redis } from 'ioredis'

import type { RedisClient, RedisClientFactory } from '../../src/drivers/redis/redis-client.ts'

/** Sees each command that a store sends by itself, whatever its scripts do in the server. */
export interface CommandWatch {
  readonly before?: (command: string) => Promise<void> | void
  readonly after?: (command: string, answer: unknown, args: readonly unknown[]) => void
}

/** The `client` option of a store whose commands are watched, those of waiting connections too. */
export function watchedClient(
  url: string,
  { before = () => {}, after = () => {} }: CommandWatch,
): RedisClientFactory {
  return (options) => {
    const client = new Redis(url, options)
    const call = client.callBuffer.bind(client) as RedisClient['callBuffer']
    return Object.assign(client, {
      callBuffer: async (command: string, args: (string | Buffer)[]) => {
        await before(command)
        const answer = await call(command, args)
        after(command, answer, args)
        return answer
      },
    })
  }
}
