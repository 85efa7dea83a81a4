import { Redis } from 'ioredis'
import { redisPlace } from './redis-place.ts'

/** What a Redis server says about itself. */
export interface RedisFacts {
  /** Commands it ran, those inside of scripts included. */
  readonly commands: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly usedBytes: number
}

/** Looks at one server, and empties it. */
export class RedisProbe implements AsyncDisposable {
  readonly #redis: Redis

  constructor(url: string) {
    this.#redis = new Redis(redisPlace(url))
  }

  async facts(): Promise<RedisFacts> {
    const info = `${await this.#redis.info('stats')}${await this.#redis.info('memory')}${await this.#redis.info('commandstats')}`
    const number = (name: string): number =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? Number.NaN)
    const calls = [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    )
    return {
      commands: calls,
      bytesIn: number('total_net_input_bytes'),
      bytesOut: number('total_net_output_bytes'),
      usedBytes: number('used_memory'),
    }
  }

  async empty(): Promise<void> {
    await this.#redis.flushall()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis.quit()
  }
}
