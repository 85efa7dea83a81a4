import { MachineryError } from '../../core/errors.ts'
import type { Outgoing, PublishOutcome } from '../../core/ports/broker.ts'
import type { RedisArgument } from './redis-client.ts'
import { MAX_BODY_BYTES, MAX_DELAY_MS } from './redis-capabilities.ts'
import type { RedisEngine } from './redis-engine.ts'
import { isRefused, redisError } from './redis-errors.ts'
import { type QueueKeys, QUEUES_KEY } from './redis-keys.ts'
import { bufferOf, enveloped, isSelfRouted } from './redis-route.ts'
import { inParts } from './redis-parts.ts'

export const STORED: PublishOutcome = { outcome: 'stored' }

const MESSAGES_PER_CALL = 500
/** How long a publish waits for a replica, or for the disk. */
const DURABLE_WITHIN_MS = '1000'

/** Why a queue cannot have this name; undefined if it can. */
export function queueNameError(queue: string, delayedKey: string): MachineryError | undefined {
  const right =
    queue === ''
      ? 'it must not be empty'
      : queue === delayedKey
        ? 'the delayed messages are kept there'
        : queue.startsWith('mq:')
          ? 'names that begin with mq: are those of the driver'
          : undefined
  if (right === undefined) return undefined
  const text = `queue is ${JSON.stringify(queue)}; ${right}`
  return new MachineryError('ERR_OPTION_INVALID', text, { details: { queue } })
}

/** Why a message cannot be stored; undefined if it can. */
export function refusal(message: Outgoing, delayedKey: string): MachineryError | undefined {
  const { queue, body, uuid, delayMs } = message
  const nameError = queueNameError(queue, delayedKey)
  if (nameError !== undefined) return nameError
  if (body.byteLength > MAX_BODY_BYTES) {
    const text = `message ${uuid} has ${body.byteLength} bytes; redis takes at most ${MAX_BODY_BYTES}`
    return new MachineryError('ERR_MESSAGE_TOO_LARGE', text, { details: { uuid, bytes: body.byteLength } })
  }
  if (delayMs > MAX_DELAY_MS) {
    const text = `message ${uuid} has a delay of ${delayMs} ms; redis keeps at most ${MAX_DELAY_MS}`
    return new MachineryError('ERR_UNSUPPORTED', text, { details: { uuid, delayMs } })
  }
  return undefined
}

/** Whether a plain RPUSH is all that a message needs. */
const isPlain = ({ delayMs, priority }: Outgoing): boolean => !(delayMs > 0) && !(priority > 0)

/** Adds one message, as `read_post` of `post.lua` reads it. */
export function addPost(keys: string[], args: RedisArgument[], message: Outgoing, queue: QueueKeys): void {
  const { body, delayMs, priority } = message
  if (delayMs > 0) {
    const route = { queue: message.queue, priority: Math.min(Math.max(priority, 0), 255) }
    const isOwn = isSelfRouted(body, route)
    args.push(
      'd',
      isOwn ? '1' : '2',
      String(Math.ceil(delayMs)),
      isOwn ? bufferOf(body) : enveloped(body, route),
    )
  } else if (priority > 0) {
    keys.push(queue.queue, queue.priorities)
    args.push('p', String(Math.min(Math.floor(priority), 255)), bufferOf(body))
  } else {
    keys.push(queue.queue)
    args.push('q', bufferOf(body))
  }
}

/** Publishes without states: plain messages of a queue by one RPUSH, others by script. */
export class RedisPublisher {
  readonly #engine: RedisEngine
  readonly #keysOf: (queue: string) => QueueKeys
  /** Queues that are in the index. */
  readonly #known = new Set<string>()

  constructor(engine: RedisEngine, keysOf: (queue: string) => QueueKeys) {
    this.#engine = engine
    this.#keysOf = keysOf
  }

  async publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> {
    const { delayedKey } = this.#engine.settings
    const outcomes: PublishOutcome[] = batch.map((message) => {
      const error = refusal(message, delayedKey)
      return error === undefined ? STORED : { outcome: 'refused', error }
    })
    const accepted = [...batch.keys()].filter((index) => outcomes[index] === STORED)
    const groups = new Map<string, number[]>()
    for (const index of accepted) {
      const { queue, priority, delayMs } = batch[index] as Outgoing
      const key =
        this.#engine.connection.isCluster && delayMs > 0
          ? 'd'
          : `${priority > 0 || delayMs > 0 ? 's' : 'q'}${queue}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [index])
      else group.push(index)
    }
    const calls = [...groups.values()].flatMap((group) =>
      inParts(group, MESSAGES_PER_CALL, (index) => batch[index]?.body.byteLength ?? 0),
    )
    await Promise.all(
      calls.map(async (part) => {
        const failed = await this.#send(part.map((index) => batch[index] as Outgoing))
        if (failed !== undefined) for (const index of part) outcomes[index] = failed
      }),
    )
    return outcomes
  }

  /** Puts queues into the index of names, once. Nothing depends on it but the inspector. */
  async learn(queues: Iterable<string>): Promise<void> {
    const fresh = [...new Set(queues)].filter((queue) => !this.#known.has(queue))
    if (fresh.length === 0) return
    for (const queue of fresh) this.#known.add(queue)
    try {
      await this.#engine.connection.command('sadd', [QUEUES_KEY, ...fresh])
    } catch {
      for (const queue of fresh) this.#known.delete(queue)
    }
  }

  /** Answers what became of all of them, unless they are stored. */
  async #send(messages: readonly Outgoing[]): Promise<PublishOutcome | undefined> {
    const { connection } = this.#engine
    const learning = this.learn(messages.map(({ queue }) => queue))
    try {
      const [first] = messages
      const sent =
        first !== undefined && isPlain(first)
          ? connection.command('rpush', [first.queue, ...messages.map(({ body }) => bufferOf(body))])
          : this.#script(messages)
      const durable = this.durable()
      await Promise.all([sent, durable])
    } catch (error) {
      return failedOutcome(error, connection.name)
    } finally {
      await learning
    }
    return undefined
  }

  /** Resolves when all that was sent before is as durable as is asked for. @throws `ERR_PUBLISH_UNCERTAIN` */
  async durable(): Promise<void> {
    const { connection, settings } = this.#engine
    if (settings.durability === 'fast') return
    const isReplicated = settings.durability === 'replicated'
    const answer = isReplicated
      ? await connection.command('wait', ['1', DURABLE_WITHIN_MS])
      : await connection.command('waitaof', ['1', '0', DURABLE_WITHIN_MS])
    const reached = isReplicated ? Number(answer) : Number((answer as readonly unknown[])[0])
    if (reached >= 1) return
    const place = isReplicated ? 'no replica has it' : 'it is not on the disk'
    throw new MachineryError(
      'ERR_PUBLISH_UNCERTAIN',
      `${connection.name}: ${place} after ${DURABLE_WITHIN_MS} ms`,
    )
  }

  #script(messages: readonly Outgoing[]): Promise<unknown> {
    const { connection, delayed } = this.#engine
    const keys: string[] = []
    const args: RedisArgument[] = []
    for (const message of messages) addPost(keys, args, message, this.#keysOf(message.queue))
    if (!connection.isCluster)
      return connection.script('post', [delayed.plain, delayed.enveloped, ...keys], args)
    const isDelayed = messages.some(({ delayMs }) => delayMs > 0)
    const head = isDelayed ? [delayed.plain, delayed.enveloped] : keys.slice(0, 2)
    return connection.script('post', [...head, ...keys], args)
  }
}

/** What became of messages whose command failed. */
export function failedOutcome(thrown: unknown, name: string): PublishOutcome {
  const error = redisError(thrown, name)
  return { outcome: isRefused(error) ? 'refused' : 'uncertain', error }
}
