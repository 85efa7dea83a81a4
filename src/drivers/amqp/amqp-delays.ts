import { AmqpAdmin } from './amqp-admin.ts'
import type { AmqpTable } from './amqp-client.ts'
import { queueHeaders } from './amqp-headers.ts'
import type { AmqpSettings } from './amqp-options.ts'
import type { AmqpTopology } from './amqp-topology.ts'

// A delay is written in base 16; each digit that is not 0 is a wait in one queue, from the largest to the smallest. Every stage
// has an exchange; a message without a digit for it goes on to the next lower stage, as do messages whose wait is over.
// So 120 queues hold every delay to every queue, and none of them is ever made for one delay or left behind.

const DIGITS = 16
const STAGES = 8

/** Where a message leaves the stages; queues are bound to it by their names. */
const DUE_EXCHANGE = 'mq.due'

/** Digits below this one of a long delay are rounded up: fewer waits, and never more than 256 ms late. */
const FINEST_STAGE_OF_LONG = 2
const KEPT_DIGITS = 3
/** What the queues can hold back at once, in ms: all digits that are kept at their highest, 49.7 days. */
export const LONGEST_WAIT_MS: number = DIGITS ** STAGES - DIGITS ** FINEST_STAGE_OF_LONG

const stageExchange = (stage: number): string => `mq.delay.${stage}`
const digitHeader = (stage: number): string => `mq-delay-${stage}`

/** Names of all queues that hold delayed messages, in the order in which a message goes through them. */
const DELAY_QUEUES: readonly string[] = stages()
  .toReversed()
  .flatMap((stage) => digits().map((digit) => delayQueue(stage, digit)))

/** Nothing is ever in it. Declared last: when it is there, all are. */
const LAST_QUEUE = 'mq.delay'

function delayQueue(stage: number, digit: number): string {
  return `mq.delay.${stage}.${digit}`
}

function stages(): readonly number[] {
  return Array.from({ length: STAGES }, (_, stage) => stage)
}

function digits(): readonly number[] {
  return Array.from({ length: DIGITS - 1 }, (_, digit) => digit + 1)
}

/** How a message is published so that it waits. */
export interface DelayRoute {
  readonly exchange: string
  readonly key: string
  readonly headers: AmqpTable
  /** Only in a queue of Go's kind, where each message has its own. */
  readonly expiration: string | undefined
}

/** The waits of a delay of 1…`LONGEST_WAIT_MS` ms, rounded up to what is kept, on the way to `queue`. */
export function delayRoute(queue: string, delayMs: number): DelayRoute {
  const exact = Math.min(Math.max(Math.ceil(delayMs), 1), LONGEST_WAIT_MS)
  const highest = stageOf(exact)
  const lowest = Math.max(0, Math.min(FINEST_STAGE_OF_LONG, highest - KEPT_DIGITS + 1))
  const unit = DIGITS ** lowest
  const rounded = Math.ceil(exact / unit) * unit
  const headers: Record<string, unknown> = {}
  for (const stage of stages()) {
    const digit = Math.floor(rounded / DIGITS ** stage) % DIGITS
    if (digit > 0) headers[digitHeader(stage)] = digit
  }
  return { exchange: stageExchange(stageOf(rounded)), key: queue, headers, expiration: undefined }
}

function stageOf(ms: number): number {
  let stage = 0
  while (ms >= DIGITS ** (stage + 1)) stage++
  return stage
}

/** The queues and exchanges of delayed messages, of one virtual host. */
export class AmqpDelays {
  readonly #admin: AmqpAdmin
  readonly #topology: AmqpTopology
  readonly #settings: AmqpSettings

  constructor(admin: AmqpAdmin, topology: AmqpTopology, settings: AmqpSettings) {
    this.#admin = admin
    this.#topology = topology
    this.#settings = settings
  }

  /** What a delayed message to `queue` needs, once. @throws as `AmqpTopology.forPublish` */
  async forPublish(queue: string): Promise<void> {
    const { delayedQueue } = this.#settings
    if (delayedQueue !== undefined) {
      return this.#topology.once(`due ${queue}`, () => this.#declareAsGo(delayedQueue, queue))
    }
    await this.#topology.once('delays', async () => {
      if (!(await this.#areThere())) await this.declare()
    })
    await this.#topology.once(`due ${queue}`, () => this.#bind(queue))
  }

  /** The way from what is delayed already to a queue that was declared again: what finds none when it is due is lost. */
  async rebind(queue: string): Promise<void> {
    if (this.#settings.delayedQueue !== undefined || !(await this.#areThere())) return
    await this.#topology.once(`due ${queue}`, () => this.#bind(queue))
  }

  /** How a message waits on its way to `queue`. */
  route(queue: string, delayMs: number): DelayRoute {
    const { delayedQueue, exchange } = this.#settings
    const ms = Math.min(delayMs, LONGEST_WAIT_MS)
    if (delayedQueue === undefined) return delayRoute(queue, ms)
    return { exchange, key: delayedQueue, headers: queueHeaders(queue), expiration: String(Math.ceil(ms)) }
  }

  /** Whether anything was ever delayed here. */
  async #areThere(): Promise<boolean> {
    return (await this.#admin.counts(LAST_QUEUE)) !== undefined
  }

  /** All queues in which something waits. */
  async occupied(): Promise<readonly string[]> {
    const { delayedQueue } = this.#settings
    const found: string[] = []
    const all = (await this.#areThere()) ? DELAY_QUEUES : []
    for (const queue of delayedQueue === undefined ? all : [delayedQueue, ...all]) {
      const counts = await this.#admin.counts(queue)
      if (counts !== undefined && counts.ready > 0) found.push(queue)
    }
    return found
  }

  /** Declares what is missing: of all exchanges first, then of the queues. */
  async declare(): Promise<void> {
    const durable = { durable: true, autoDelete: false }
    await this.#admin.run('declare exchange', (channel) =>
      channel.assertExchange(DUE_EXCHANGE, 'direct', durable),
    )
    for (const stage of stages()) {
      const below = stage === 0 ? DUE_EXCHANGE : stageExchange(stage - 1)
      const options = { ...durable, arguments: { 'alternate-exchange': below } }
      await this.#admin.run('declare exchange', (channel) =>
        channel.assertExchange(stageExchange(stage), 'headers', options),
      )
    }
    await Promise.all(stages().map((stage) => this.#declareStage(stage)))
    await this.#topology.assertOwnQueue(LAST_QUEUE, {})
  }

  /** The queues of a stage, over a channel of its own: there are many, and each waits for an answer. */
  async #declareStage(stage: number): Promise<void> {
    const admin = new AmqpAdmin(this.#admin.connection)
    try {
      for (const digit of digits()) await this.#declareQueue(stage, digit, admin)
    } finally {
      admin.close()
    }
  }

  async #declareQueue(stage: number, digit: number, admin: AmqpAdmin): Promise<void> {
    const queue = delayQueue(stage, digit)
    const isQuorum = this.#settings.queueArguments?.['x-queue-type'] === 'quorum'
    // What is over is passed on only when it is stored there, which quorum queues alone can promise.
    const safe = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }
    const args = {
      'x-message-ttl': digit * DIGITS ** stage,
      'x-dead-letter-exchange': stage === 0 ? DUE_EXCHANGE : stageExchange(stage - 1),
      ...(isQuorum ? safe : {}),
    }
    await this.#topology.assertOwnQueue(queue, args, admin)
    const binding = { 'x-match': 'all', [digitHeader(stage)]: digit }
    await admin.run(`bind queue ${queue}`, (channel) =>
      channel.bindQueue(queue, stageExchange(stage), '', binding),
    )
  }

  /** Where its messages go is part of the queue (go-brokers-backends 3.2.2): it serves one queue, and refuses another. */
  async #declareAsGo(delayedQueue: string, queue: string): Promise<void> {
    const { exchange, bindingArguments, autoDelete } = this.#settings
    const args = { 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': queue }
    await this.#admin.run(`declare queue ${delayedQueue}`, (channel) =>
      channel.assertQueue(delayedQueue, { durable: true, autoDelete, arguments: args }),
    )
    await this.#admin.run(`bind queue ${delayedQueue}`, (channel) =>
      channel.bindQueue(delayedQueue, exchange, delayedQueue, bindingArguments),
    )
  }

  /** On a topic exchange the key need not be the name of a queue: there the message goes back to the exchange. */
  async #bind(queue: string): Promise<void> {
    const { exchangeType, exchange } = this.#settings
    if (exchangeType === 'topic') {
      await this.#admin.run('bind exchange', (channel) => channel.bindExchange(exchange, DUE_EXCHANGE, queue))
      return
    }
    await this.#admin.run(`bind queue ${queue}`, (channel) => channel.bindQueue(queue, DUE_EXCHANGE, queue))
  }
}
