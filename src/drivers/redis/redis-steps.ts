import type { RedisArgument } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { DelayedKeys, QueueKeys } from './redis-keys.ts'

/** A settlement as STEP takes it: an acknowledgement is its field alone. */
export interface StepSettlement {
  readonly field: string
  /** Field, kind, counted, and two more; undefined for an acknowledgement. */
  readonly args:
    | readonly [kind: 'b' | 'l' | 'f' | 'd', counted: string, first: RedisArgument, second: RedisArgument]
    | undefined
}

/** A message as STEP hands it over. */
export interface StepEntry {
  readonly field: string
  readonly body: Buffer
  readonly deliveryCount: number
  /** Its state is here, and absent or PENDING. */
  readonly isNew: boolean
}

/** `gone`: the consumer is not registered any more; nothing happened. */
export type StepReply =
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'served'
      /** How many messages the server has in this consumer's hands. */
      readonly holds: number
      readonly entries: readonly StepEntry[]
      /** Those of the settlements that found nothing. */
      readonly missed: ReadonlySet<StepSettlement>
      /** Those that found no room for a dead letter: nothing was done. */
      readonly full: ReadonlySet<StepSettlement>
    }

interface Request {
  readonly seq: number
  readonly settlements: readonly StepSettlement[]
  readonly args: readonly RedisArgument[]
}

/**
 * The requests of one registered consumer, one at a time. A request whose answer was lost is sent again, with its number,
 * before the next one: the server answers it as it did, or does it now.
 */
export class RedisSteps {
  readonly consumer: string
  readonly #connection: RedisConnection
  readonly #keys: readonly string[]
  #seq = 0
  #unanswered: Request | undefined

  private constructor(connection: RedisConnection, keys: QueueKeys, delayed: DelayedKeys, consumer: string) {
    this.consumer = consumer
    this.#connection = connection
    const { queue, land, registry, counts, dead, priorities } = keys
    const own = [queue, land, registry, keys.flying(consumer), counts, dead, priorities]
    this.#keys = connection.isCluster ? own : [...own, delayed.plain, delayed.enveloped]
  }

  /** Puts a consumer into the registry of its queue. @param consumer a name that was never used */
  static async register(
    connection: RedisConnection,
    keys: QueueKeys,
    delayed: DelayedKeys,
    consumer: string,
  ): Promise<RedisSteps> {
    await connection.command('hsetnx', [keys.registry, consumer, '0'])
    return new RedisSteps(connection, keys, delayed, consumer)
  }

  /** Whether the answer to the last request was lost. */
  get hasUnanswered(): boolean {
    return this.#unanswered !== undefined
  }

  /** Sends the request again whose answer was lost. @throws as `RedisConnection.script` */
  async again(): Promise<StepReply> {
    return this.#unanswered === undefined ? NOTHING : this.#send(this.#unanswered)
  }

  /** Settles, then claims at most `want`. @throws as `RedisConnection.script`; then `again` comes before the next one */
  async run(want: number, settlements: readonly StepSettlement[]): Promise<StepReply> {
    this.#seq++
    const acks = settlements.filter(({ args }) => args === undefined)
    const others = settlements.filter(({ args }) => args !== undefined)
    const args: RedisArgument[] = [this.consumer, String(this.#seq), String(want), String(acks.length)]
    for (const { field } of acks) args.push(field)
    for (const { field, args: rest } of others) args.push(field, ...(rest ?? []))
    return this.#send({ seq: this.#seq, settlements: [...acks, ...others], args })
  }

  async #send(request: Request): Promise<StepReply> {
    this.#unanswered = request
    const answer = (await this.#connection.script('step', this.#keys, request.args)) as readonly unknown[]
    this.#unanswered = undefined
    const holds = answer[0] as number
    if (holds < 0) return { kind: 'gone' }
    const missed = new Set<StepSettlement>()
    const full = new Set<StepSettlement>()
    for (const text of String(answer[1]).split(',')) {
      const settlement = text === '' ? undefined : request.settlements[Number.parseInt(text)]
      if (settlement !== undefined) (text.endsWith('!') ? full : missed).add(settlement)
    }
    const entries = String(answer[2])
      .split(',', answer.length - 3)
      .map((fact, index): StepEntry => {
        const equalsAt = fact.indexOf('=')
        const countAndNews = Number(fact.slice(equalsAt + 1))
        return {
          field: `${request.seq}:${fact.slice(0, equalsAt)}`,
          body: answer[index + 3] as Buffer,
          deliveryCount: Math.floor(countAndNews / 2),
          isNew: countAndNews % 2 === 1,
        }
      })
    return { kind: 'served', holds, entries, missed, full }
  }
}

const NOTHING: StepReply = { kind: 'served', holds: 0, entries: [], missed: new Set(), full: new Set() }
