import { MachineryError } from '../../core/errors.ts'
import type { Outgoing, PublishOutcome } from '../../core/ports/broker.ts'
import type { RedisArgument } from './redis-client.ts'
import { MAX_BODY_BYTES, MAX_DELAY_MS } from './redis-capabilities.ts'
import type { RedisEngine } from './redis-engine.ts'
import { durably, type SendWith } from './redis-durability.ts'
import { isRefused, redisError } from './redis-errors.ts'
import { type QueueKeys, QUEUES_KEY } from './redis-keys.ts'
import type { RedisSettings } from './redis-options.ts'
import { bufferOf, enveloped, isSelfRouted } from './redis-route.ts'
import { inParts } from './redis-parts.ts'

export const STORED: PublishOutcome = { outcome: 'stored' }

const MESSAGES_PER_CALL = 500
/** Names of queues that are remembered; then all are learned anew. */
const MOST_KNOWN_QUEUES = 10_000

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
export const isPlain = ({ delayMs, priority }: Outgoing): boolean => !(delayMs > 0) && !(priority > 0)

/** Adds one message, as `read_post` of `post.lua` reads it. @param hasLimit whether the script counts what waits */
export function addPost(
  keys: string[],
  args: RedisArgument[],
  message: Outgoing,
  queue: QueueKeys,
  hasLimit: boolean,
): void {
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
    if (hasLimit) keys.push(queue.land)
    args.push('p', String(Math.min(Math.floor(priority), 255)), bufferOf(body))
  } else {
    keys.push(queue.queue)
    if (hasLimit) keys.push(queue.priorities, queue.land)
    args.push('q', bufferOf(body))
  }
}

/** Publishes without states: plain messages of a queue by one RPUSH, others by script. */
export class RedisPublisher {
  readonly #engine: RedisEngine
  readonly #keysOf: (queue: string) => QueueKeys
  /** Queues that were put into the index lately. */
  readonly #known = new Set<string>()

  constructor(engine: RedisEngine, keysOf: (queue: string) => QueueKeys) {
    this.#engine = engine
    this.#keysOf = keysOf
  }

  async publish(batch: readonly Outgoing[]): Promise<readonly PublishOutcome[]> {
    const { delayedKey, maxQueueLength } = this.#engine.settings
    const hasLimit = maxQueueLength !== Infinity
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
          : `${priority > 0 || delayMs > 0 || hasLimit ? 's' : 'q'}${queue}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [index])
      else group.push(index)
    }
    const calls = [...groups.values()].flatMap((group) =>
      inParts(group, MESSAGES_PER_CALL, (index) => batch[index]?.body.byteLength ?? 0),
    )
    await Promise.all(
      calls.map(async (part) => {
        const sent = await this.#send(part.map((index) => batch[index] as Outgoing))
        for (const [at, index] of part.entries()) outcomes[index] = sent(at)
      }),
    )
    return outcomes
  }

  /** Puts queues into the index of names, once. Nothing depends on it but the inspector. */
  async learn(queues: Iterable<string>): Promise<void> {
    const fresh = [...new Set(queues)].filter((queue) => !this.#known.has(queue))
    if (fresh.length === 0) return
    if (this.#known.size >= MOST_KNOWN_QUEUES) this.#known.clear()
    for (const queue of fresh) this.#known.add(queue)
    try {
      await this.#engine.connection.command('sadd', [QUEUES_KEY, ...fresh])
    } catch {
      for (const queue of fresh) this.#known.delete(queue)
    }
  }

  /** Answers what became of each, by its number. */
  async #send(messages: readonly Outgoing[]): Promise<(index: number) => PublishOutcome> {
    const { connection, settings } = this.#engine
    const learning = this.learn(messages.map(({ queue }) => queue))
    try {
      const [first] = messages
      const send: SendWith =
        first !== undefined && isPlain(first) && settings.maxQueueLength === Infinity
          ? (onSent) =>
              connection.command(
                'rpush',
                [first.queue, ...messages.map(({ body }) => bufferOf(body))],
                onSent,
              )
          : (onSent) => this.#script(messages, onSent)
      const answer = await durably(connection, settings, send)
      const full = new Set(Array.isArray(answer) ? (answer as readonly number[]) : [])
      return (index) => (full.has(index) ? this.#fullOutcome(messages[index]) : STORED)
    } catch (error) {
      const failed = failedOutcome(error, connection.name)
      return () => failed
    } finally {
      await learning
    }
  }

  #fullOutcome(message: Outgoing | undefined): PublishOutcome {
    const { maxQueueLength } = this.#engine.settings
    const queue = message?.queue ?? ''
    const text = `queue ${JSON.stringify(queue)} holds as many messages as maxQueueLength allows: ${maxQueueLength}`
    const details = { queue, limit: maxQueueLength, maybeExecuted: false }
    return { outcome: 'refused', error: new MachineryError('ERR_QUEUE_FULL', text, { details }) }
  }

  #script(messages: readonly Outgoing[], onSent: Parameters<SendWith>[0]): Promise<unknown> {
    const { connection, delayed, settings } = this.#engine
    const limit = limitText(settings)
    const keys: string[] = []
    const args: RedisArgument[] = [limit]
    for (const message of messages) addPost(keys, args, message, this.#keysOf(message.queue), limit !== '0')
    if (!connection.isCluster)
      return connection.script('post', [delayed.plain, delayed.enveloped, ...keys], args, onSent)
    const isDelayed = messages.some(({ delayMs }) => delayMs > 0)
    const head = isDelayed ? [delayed.plain, delayed.enveloped] : keys.slice(0, 2)
    return connection.script('post', [...head, ...keys], args, onSent)
  }
}

/** The limit of a queue as scripts have it. */
export function limitText({ maxQueueLength }: RedisSettings): string {
  return maxQueueLength === Infinity ? '0' : String(maxQueueLength)
}

/** What became of messages whose command failed. */
export function failedOutcome(thrown: unknown, name: string): PublishOutcome {
  const error = redisError(thrown, name)
  return { outcome: isRefused(error) ? 'refused' : 'uncertain', error }
}
