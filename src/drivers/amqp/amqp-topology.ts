import { MachineryError } from '../../core/errors.ts'
import type { AmqpAdmin } from './amqp-admin.ts'
import type { AmqpTable } from './amqp-client.ts'
import { isMismatch, isNotFound } from './amqp-errors.ts'
import { deadQueueOf, matchesTopic } from './amqp-names.ts'
import type { AmqpSettings } from './amqp-options.ts'

const MOST_REMEMBERED = 10_000
/** Every look at dead letters returns them; RabbitMQ 4 throws away what a quorum queue got back 20 times, unless it is told otherwise. */
const NO_DELIVERY_LIMIT = 2_147_483_647

/**
 * Exchange, queues and bindings, declared as Go declares them (go-brokers-backends 3.2.2), with two differences that Go's
 * workers do not see: a queue is bound by its own name, and the default queue by the binding key beside it.
 */
export class AmqpTopology {
  readonly #admin: AmqpAdmin
  readonly #settings: AmqpSettings
  readonly #done: Map<string, Promise<void>>
  /** Queues to which messages can be sent. */
  readonly #ready: Set<string>

  /** @param sibling over another connection to the same server: what one declares the other knows */
  constructor(admin: AmqpAdmin, settings: AmqpSettings, sibling?: AmqpTopology) {
    this.#admin = admin
    this.#settings = settings
    this.#done = sibling === undefined ? new Map() : sibling.#done
    this.#ready = sibling === undefined ? new Set() : sibling.#ready
  }

  /** Whether nothing has to be waited for before a message is sent to `queue`. */
  isReady(queue: string): boolean {
    return this.#ready.has(queue)
  }

  /** What a message to `queue` needs, once. @throws `ERR_OPTION_INVALID` naming what differs; as the connection does */
  async forPublish(queue: string): Promise<void> {
    await this.#once(`publish ${queue}`, () => this.#declareForPublish(queue))
    this.#ready.add(queue)
  }

  /** The queue itself, with its bindings, once. @throws as `forPublish` */
  queue(queue: string): Promise<void> {
    return this.#once(`queue ${queue}`, () => this.#declareQueue(queue))
  }

  /** The queue of its dead letters, once. */
  deadQueue(queue: string): Promise<void> {
    const isQuorum = this.#settings.queueArguments?.['x-queue-type'] === 'quorum'
    const args = isQuorum ? { 'x-delivery-limit': NO_DELIVERY_LIMIT } : {}
    return this.#once(`dead ${queue}`, () => this.assertOwnQueue(deadQueueOf(queue), args))
  }

  /** What `work` declares, once until it is forgotten. */
  once(name: string, work: () => Promise<void>): Promise<void> {
    return this.#once(name, work)
  }

  /** Something was deleted, and bindings with it: all is declared again before it is used. */
  forget(): void {
    this.#done.clear()
    this.#ready.clear()
  }

  /** A queue may have been deleted. */
  forgetQueue(queue: string): void {
    for (const name of ['exchange', `queue ${queue}`, `due ${queue}`]) this.#done.delete(name)
  }

  /** A durable queue of the driver, of the type that the task queues have. One that is there is taken as it is. */
  async assertOwnQueue(queue: string, args: AmqpTable, admin: AmqpAdmin = this.#admin): Promise<void> {
    const type = this.#settings.queueArguments?.['x-queue-type']
    const all = { ...(type === undefined ? {} : { 'x-queue-type': type }), ...args }
    await this.#adopting(`declare queue ${queue}`, queue, all, admin)
  }

  async #declareForPublish(queue: string): Promise<void> {
    const { exchangeType, defaultQueue, bindingKey } = this.#settings
    if (exchangeType === 'direct') return this.queue(queue)
    // Where nothing is bound for the key, the message comes back, and a queue of that name is declared.
    if (queue === defaultQueue || matchesTopic(bindingKey, queue)) return this.queue(defaultQueue)
    return this.#exchange()
  }

  async #declareQueue(queue: string): Promise<void> {
    const { topology, exchange, queueArguments, bindingArguments, defaultQueue, bindingKey } = this.#settings
    if (topology === 'none') return
    await this.#exchange()
    if (topology === 'check')
      return this.#check(`queue ${queue}`, (name) =>
        this.#admin.run(name, (channel) => channel.checkQueue(queue)),
      )
    if (queueArguments === undefined) await this.#adopting(`declare queue ${queue}`, queue, {})
    else {
      const options = { durable: true, autoDelete: false, exclusive: false, arguments: queueArguments }
      await this.#admin.run(`declare queue ${queue}`, (channel) => channel.assertQueue(queue, options))
    }
    const keys = queue === defaultQueue ? [queue, bindingKey] : [queue]
    for (const key of new Set(keys)) {
      await this.#admin.run(`bind queue ${queue}`, (channel) =>
        channel.bindQueue(queue, exchange, key, bindingArguments),
      )
    }
  }

  #exchange(): Promise<void> {
    const { topology, exchange, exchangeType } = this.#settings
    if (topology === 'none') return Promise.resolve()
    return this.#once('exchange', async () => {
      if (topology === 'check') {
        return this.#check(`exchange ${exchange}`, (name) =>
          this.#admin.run(name, (channel) => channel.checkExchange(exchange)),
        )
      }
      const options = { durable: true, autoDelete: false }
      await this.#admin.run(`declare exchange ${exchange}`, (channel) =>
        channel.assertExchange(exchange, exchangeType, options),
      )
    })
  }

  async #check(what: string, look: (name: string) => Promise<unknown>): Promise<void> {
    try {
      await look(`look at ${what}`)
    } catch (error) {
      if (!isNotFound(error)) throw error
      const text = `${what} is not on ${this.#admin.connection.name}; declare it, or use topology 'assert'`
      throw new MachineryError('ERR_OPTION_INVALID', text, { cause: error, details: { topology: 'check' } })
    }
  }

  /** Somebody chose the arguments of a queue that is there; they stay. */
  async #adopting(
    what: string,
    queue: string,
    args: AmqpTable,
    admin: AmqpAdmin = this.#admin,
  ): Promise<void> {
    const options = { durable: true, autoDelete: false, exclusive: false, arguments: args }
    try {
      await admin.run(what, (channel) => channel.assertQueue(queue, options))
    } catch (error) {
      if (!isMismatch(error)) throw error
      await admin.run(what, (channel) => channel.checkQueue(queue))
    }
  }

  #once(name: string, work: () => Promise<void>): Promise<void> {
    const known = this.#done.get(name)
    if (known !== undefined) return known
    if (this.#done.size >= MOST_REMEMBERED) this.forget()
    const doing = work()
    this.#done.set(name, doing)
    doing.catch(() => {
      if (this.#done.get(name) === doing) this.#done.delete(name)
    })
    return doing
  }
}
