import type { Timer } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import { type AmqpChannel, type AmqpClient, closeQuietly } from './amqp-client.ts'
import type { AmqpConnector } from './amqp-connector.ts'
import { within } from './amqp-deadline.ts'
import { amqpError } from './amqp-errors.ts'
import type { AmqpSettings } from './amqp-options.ts'

interface Waiter {
  readonly resolve: (client: AmqpClient) => void
  readonly reject: (error: Error) => void
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/**
 * One connection that is opened again when it is lost. What publishes has one of its own: a server that is short of memory
 * stops reading from it, and acknowledgements must go on.
 */
export class AmqpConnection {
  readonly name: string
  readonly #connector: AmqpConnector
  readonly #settings: AmqpSettings
  readonly #blockListeners = new Set<() => void>()
  #client: AmqpClient | undefined
  #waiters: Waiter[] = []
  #isConnecting = false
  #pause: Timer | undefined
  #blockedBy: string | undefined
  #isClosed = false

  constructor(connector: AmqpConnector, settings: AmqpSettings) {
    this.name = connector.name
    this.#connector = connector
    this.#settings = settings
  }

  /** The first connection. @throws `ERR_CONNECT_FAILED` */
  async open(): Promise<void> {
    this.#adopt(await this.#connector.open())
  }

  get isOpen(): boolean {
    return this.#client !== undefined
  }

  /** Why the server takes no publishes from this connection; undefined while it does. */
  get blockedBy(): string | undefined {
    return this.#blockedBy
  }

  /** Calls `listener` when the server takes publishes again, or stops to. */
  onBlock(listener: () => void): void {
    this.#blockListeners.add(listener)
  }

  /**
   * Resolves when there is a connection; starts to open one if there is none.
   * @throws `ERR_CONNECTION_LOST` when there is none within `ms`; `ERR_CLOSED`
   */
  ready(ms: number = this.#settings.connectTimeoutMs): Promise<AmqpClient> {
    if (this.#isClosed) return Promise.reject(this.#closedError())
    if (this.#client !== undefined) return Promise.resolve(this.#client)
    let waiter: Waiter | undefined
    const waiting = new Promise<AmqpClient>((resolve, reject) => {
      waiter = { resolve, reject }
      this.#waiters.push(waiter)
    })
    this.#connect(0)
    const late = (): Error => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
      return new MachineryError('ERR_CONNECTION_LOST', `no connection to ${this.name} within ${ms} ms`, {
        details: { maybeExecuted: false },
      })
    }
    return within(this.#settings.clock, waiting, ms, late)
  }

  /** A new channel, which tells `onEnd` once when it is closed, with what the server said. @throws as `ready` */
  async channel(kind: 'plain' | 'confirm', onEnd: (error: Error | undefined) => void): Promise<AmqpChannel> {
    const client = await this.ready()
    const opening = kind === 'confirm' ? client.createConfirmChannel() : client.createChannel()
    // One that opens too late is not used.
    const late = (channel: unknown): void => closeQuietly(channel as AmqpChannel)
    const channel = (await this.answered(opening, 'open a channel', late)) as AmqpChannel
    let reason: Error | undefined
    channel.on('error', (error: Error) => (reason = error))
    // Before the library's own listener, which tells each unconfirmed message that it failed.
    channel.prependListener('close', () => onEnd(reason))
    channel.on('handler-error', (error: Error) => {
      // It was handled: see `AmqpSession`.
      if (error.message.startsWith('Unknown consumer')) return
      this.#settings.logger.error({ error }, 'an event of a channel could not be handled')
    })
    return channel
  }

  /** The answer of the server. @throws a `MachineryError`; `ERR_CONNECTION_LOST` when it does not come in time */
  async answered<T>(promise: Promise<T>, what: string, onLate: (value: T) => void = () => {}): Promise<T> {
    const { clock, operationTimeoutMs: ms } = this.#settings
    const late = (): Error =>
      new MachineryError('ERR_CONNECTION_LOST', `${this.name} did not ${what} within ${ms} ms`)
    try {
      return await within(clock, promise, ms, late, onLate)
    } catch (error) {
      throw amqpError(error, this.name)
    }
  }

  /** Closes it; channels are closed before, so that their last acknowledgements arrive. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pause?.cancel()
    for (const { reject } of this.#waiters.splice(0)) reject(this.#closedError())
    const client = this.#client
    this.#client = undefined
    if (client === undefined || !this.#connector.isOurs) return
    if (await this.ended(client.close())) return
    client.connection?.stream?.destroy(this.#closedError())
  }

  /**
   * Whether a channel or the connection is closed. A server that takes no messages does not read what else comes over the same
   * connection: it is not waited for.
   */
  ended(closing: Promise<unknown>): Promise<boolean> {
    const { clock, operationTimeoutMs } = this.#settings
    return new Promise((resolve) => {
      const end = (isEnded: boolean): void => {
        timer.cancel()
        this.#blockListeners.delete(onBlock)
        resolve(isEnded)
      }
      const onBlock = (): void => {
        if (this.#blockedBy !== undefined) end(false)
      }
      const timer = clock.setTimer(() => end(false), operationTimeoutMs, true)
      this.#blockListeners.add(onBlock)
      // What cannot be closed is closed already.
      closing.then(
        () => end(true),
        () => end(true),
      )
      onBlock()
    })
  }

  #connect(failures: number): void {
    if (this.#isConnecting || this.#isClosed || this.#client !== undefined) return
    this.#isConnecting = true
    this.#connector.open().then(
      (client) => {
        this.#isConnecting = false
        this.#adopt(client)
      },
      (error: unknown) => {
        if (this.#isClosed) return
        const { clock, logger } = this.#settings
        const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10))
        const pauseMs = full / 2 + (clock.random() * full) / 2
        logger.warn({ error, retryInMs: Math.round(pauseMs) }, 'no connection; trying again')
        this.#pause = clock.setTimer(
          () => {
            this.#isConnecting = false
            this.#connect(failures + 1)
          },
          pauseMs,
          true,
        )
      },
    )
  }

  #adopt(client: AmqpClient): void {
    const { logger } = this.#settings
    client.on('error', (error: Error) => {
      if (!this.#isClosed) logger.warn({ error }, `an error of the connection to ${this.name}`)
    })
    client.on('close', (error?: Error) => {
      if (this.#client !== client) return
      this.#client = undefined
      this.#setBlocked(undefined)
      if (this.#isClosed) return
      logger.warn({ error }, `the connection to ${this.name} is lost`)
      if (this.#connector.isOurs) this.#connect(0)
    })
    client.on('blocked', (reason: string) => {
      logger.warn({ reason }, `${this.name} takes no messages`)
      this.#setBlocked(reason)
    })
    client.on('unblocked', () => {
      logger.info({}, `${this.name} takes messages again`)
      this.#setBlocked(undefined)
    })
    if (this.#isClosed) {
      if (this.#connector.isOurs) client.close().catch(() => {})
      return
    }
    this.#client = client
    for (const { resolve } of this.#waiters.splice(0)) resolve(client)
  }

  #setBlocked(reason: string | undefined): void {
    if (this.#blockedBy === reason) return
    this.#blockedBy = reason
    for (const listener of this.#blockListeners) listener()
  }

  #closedError(): MachineryError {
    return new MachineryError('ERR_CLOSED', `the connection to ${this.name} is closed`)
  }
}
