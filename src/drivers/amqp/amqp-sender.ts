import type { Timer } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import { type AmqpChannel, type AmqpMessage, type AmqpPublishOptions, closeQuietly } from './amqp-client.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { amqpError, blockedError, isNotFound } from './amqp-errors.ts'
import type { AmqpSettings } from './amqp-options.ts'

/** One message as it is sent. */
export interface Parcel {
  readonly exchange: string
  readonly key: string
  readonly body: Uint8Array
  /** Of this parcel alone: its number is written into them. */
  readonly options: AmqpPublishOptions & { correlationId?: string }
}

/**
 * What became of a parcel. `unroutable`: the server has no queue for it, or no exchange, and did not keep it. `refused`: it
 * certainly has not been kept. `uncertain`: it may have been.
 */
export type SendResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'unroutable' }
  | { readonly kind: 'refused' | 'uncertain'; readonly error: MachineryError }

/** A parcel under way. */
interface Sending {
  readonly parcel: Parcel
  readonly deadline: number
  readonly end: (result: SendResult) => void
  /** Channels that the server closed with an error while this message was unconfirmed. */
  refusals: number
  wasSent: boolean
  isReturned: boolean
  isEnded: boolean
}

const MOST_UNCONFIRMED = 1_000
const MOST_UNCONFIRMED_BYTES = 33_554_432
const MOST_WAITING = 10_000
const SWEEP_MS = 250
/** A message that the server cannot take closes the channel each time: once in company, then alone. */
const MOST_REFUSALS = 3
const STORED: SendResult = { kind: 'stored' }

/**
 * Sends over one channel with confirms: at most 1,000 messages, or 32 MiB, are unconfirmed, up to 10,000 wait for their
 * turn. What a lost channel leaves unconfirmed is sent again over the next one, as the same message, until its time is over.
 */
export class AmqpSender {
  readonly #connection: AmqpConnection
  readonly #settings: AmqpSettings
  #waiting: Sending[] = []
  #firstWaiting = 0
  /** Unconfirmed messages of the channel, by their numbers. */
  #unconfirmed = new Map<number, Sending>()
  #unconfirmedBytes = 0
  #channel: AmqpChannel | undefined
  #nextNumber = 1
  /** The one that is unconfirmed may be what the server closed a channel for. */
  #isSuspectAlone = false
  #isOpening = false
  #sweep: Timer | undefined
  #isClosed = false

  constructor(connection: AmqpConnection, settings: AmqpSettings) {
    this.#connection = connection
    this.#settings = settings
    connection.onBlock(() => this.#pump())
  }

  /** Never rejects for one parcel; answers in order. @throws `ERR_CLOSED` */
  send(parcels: readonly Parcel[]): Promise<readonly SendResult[]> {
    if (this.#isClosed) return Promise.reject(this.#closedError())
    const { clock, publishTimeoutMs } = this.#settings
    const deadline = clock.monotonic() + publishTimeoutMs
    const results: SendResult[] = Array.from({ length: parcels.length })
    let left = parcels.length
    if (left === 0) return Promise.resolve(results)
    return new Promise((resolve) => {
      parcels.forEach((parcel, index) => {
        const end = (result: SendResult): void => {
          results[index] = result
          left -= 1
          if (left === 0) resolve(results)
        }
        if (this.#waitingCount >= MOST_WAITING) end(this.#full())
        else
          this.#waiting.push({
            parcel,
            deadline,
            end,
            refusals: 0,
            wasSent: false,
            isReturned: false,
            isEnded: false,
          })
      })
      this.#sweep ??= clock.setTimer(() => this.#sweepLate(), Math.min(SWEEP_MS, publishTimeoutMs), true)
      this.#pump()
    })
  }

  /** Ends what is under way as uncertain, or refused if it was not sent. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#sweep?.cancel()
    const channel = this.#channel
    this.#channel = undefined
    if (channel !== undefined) await this.#connection.ended(channel.close())
    for (const sending of [...this.#unconfirmed.values(), ...this.#waiting.slice(this.#firstWaiting)]) {
      this.#end(sending, this.#failure(sending, this.#closedError()))
    }
    this.#unconfirmed.clear()
    this.#waiting = []
    this.#firstWaiting = 0
  }

  get #waitingCount(): number {
    return this.#waiting.length - this.#firstWaiting
  }

  #pump(): void {
    if (this.#waitingCount === 0 || this.#isClosed || this.#connection.blockedBy !== undefined) return
    const channel = this.#channel
    if (channel === undefined) return this.#open()
    while (this.#waitingCount > 0 && !this.#isFull && !this.#isSuspectAlone) {
      const sending = this.#waiting[this.#firstWaiting] as Sending
      if (!sending.isEnded && sending.refusals > 0) {
        if (this.#unconfirmed.size > 0) break
        this.#isSuspectAlone = true
      }
      this.#firstWaiting += 1
      if (!sending.isEnded && !this.#write(channel, sending)) break
    }
    if (this.#firstWaiting > 1_000 || this.#waitingCount === 0) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting)
      this.#firstWaiting = 0
    }
  }

  get #isFull(): boolean {
    return this.#unconfirmed.size >= MOST_UNCONFIRMED || this.#unconfirmedBytes >= MOST_UNCONFIRMED_BYTES
  }

  /** Answers whether the channel goes on. */
  #write(channel: AmqpChannel, sending: Sending): boolean {
    const { exchange, key, body, options } = sending.parcel
    const number = this.#nextNumber++
    const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    this.#unconfirmed.set(number, sending)
    this.#unconfirmedBytes += content.byteLength
    sending.isReturned = false
    try {
      options.correlationId = String(number)
      channel.publish(exchange, key, content, options, (error) => this.#confirmed(channel, number, error))
      sending.wasSent = true
      return true
    } catch (error) {
      this.#unconfirmed.delete(number)
      this.#unconfirmedBytes -= content.byteLength
      if (isEncodeError(error)) {
        // Nothing was written.
        this.#isSuspectAlone = false
        const text = `a message cannot be encoded for ${this.#connection.name}: ${String(error)}`
        this.#end(sending, {
          kind: 'refused',
          error: new MachineryError('ERR_PUBLISH_REFUSED', text, { cause: error }),
        })
        return true
      }
      this.#lost(channel, undefined)
      this.#again([sending])
      return false
    }
  }

  #confirmed(channel: AmqpChannel, number: number, error: unknown): void {
    // A channel that ends tells so for each of its messages; that is one event.
    if (this.#channel !== channel) return
    const sending = this.#unconfirmed.get(number)
    if (sending === undefined) return
    this.#unconfirmed.delete(number)
    this.#unconfirmedBytes -= sending.parcel.body.byteLength
    this.#isSuspectAlone = false
    if (error !== null && error !== undefined) this.#end(sending, this.#nacked(sending))
    else this.#end(sending, sending.isReturned ? { kind: 'unroutable' } : STORED)
    this.#pump()
  }

  #open(): void {
    if (this.#isOpening) return
    this.#isOpening = true
    let opened: AmqpChannel | undefined
    this.#connection
      .channel('confirm', (reason) => {
        if (opened !== undefined) this.#lost(opened, reason)
      })
      .then(
        (channel) => {
          opened = channel
          this.#isOpening = false
          if (this.#isClosed) return closeQuietly(channel)
          channel.on('return', (message: AmqpMessage) => this.#returned(message))
          this.#channel = channel
          this.#nextNumber = 1
          this.#pump()
        },
        () => {
          // Whoever waits has a deadline of its own; until then the next sweep tries again.
          this.#isOpening = false
        },
      )
  }

  /** The message comes before its confirm, with the number under which it was sent. */
  #returned(message: AmqpMessage): void {
    const sending = this.#unconfirmed.get(Number(message.properties.correlationId))
    if (sending !== undefined) sending.isReturned = true
  }

  #lost(channel: AmqpChannel, reason: Error | undefined): void {
    if (this.#channel !== channel) return
    this.#channel = undefined
    const left = [...this.#unconfirmed.values()]
    this.#unconfirmed = new Map()
    this.#unconfirmedBytes = 0
    this.#isSuspectAlone = false
    if (isNotFound(reason)) {
      // An exchange is gone: it has to be declared again before any of these is.
      for (const sending of left) this.#end(sending, { kind: 'unroutable' })
    } else this.#again(left.filter((sending) => !this.#isHopeless(sending, reason)))
    this.#pump()
  }

  #isHopeless(sending: Sending, reason: Error | undefined): boolean {
    if (reason === undefined) return false
    sending.refusals += 1
    if (sending.refusals < MOST_REFUSALS) return false
    const error = amqpError(reason, this.#connection.name)
    const isRefused = error.code === 'ERR_STORE_FAILED'
    this.#end(sending, isRefused ? { kind: 'refused', error } : this.#failure(sending, error))
    return true
  }

  #again(sendings: readonly Sending[]): void {
    const open = sendings.filter(({ isEnded }) => !isEnded)
    this.#waiting = [...open, ...this.#waiting.slice(this.#firstWaiting)]
    this.#firstWaiting = 0
  }

  /** Ends what is late, and tries again what could not be opened. */
  #sweepLate(): void {
    this.#sweep = undefined
    const { clock } = this.#settings
    const now = clock.monotonic()
    for (const sending of this.#unconfirmed.values()) this.#endIfLate(sending, now)
    for (let index = this.#firstWaiting; index < this.#waiting.length; index++) {
      this.#endIfLate(this.#waiting[index] as Sending, now)
    }
    this.#waiting = this.#waiting.slice(this.#firstWaiting).filter(({ isEnded }) => !isEnded)
    this.#firstWaiting = 0
    this.#renewIfStuck()
    const isUnderWay =
      this.#waiting.length > 0 || [...this.#unconfirmed.values()].some(({ isEnded }) => !isEnded)
    if (isUnderWay && !this.#isClosed) this.#sweep = clock.setTimer(() => this.#sweepLate(), SWEEP_MS, true)
    this.#pump()
  }

  /** Messages of a queue that never confirms, as one without a majority, must not keep out those of the others. */
  #renewIfStuck(): void {
    const channel = this.#channel
    if (channel === undefined || !this.#isFull || this.#connection.blockedBy !== undefined) return
    if (![...this.#unconfirmed.values()].some(({ isEnded }) => isEnded)) return
    closeQuietly(channel)
    this.#lost(channel, undefined)
  }

  #endIfLate(sending: Sending, now: number): void {
    if (sending.isEnded || now < sending.deadline) return
    const { name, blockedBy } = this.#connection
    const { publishTimeoutMs } = this.#settings
    const error =
      blockedBy === undefined
        ? new MachineryError(
            'ERR_CONNECTION_LOST',
            `${name} did not take a message after ${publishTimeoutMs} ms`,
          )
        : blockedError(name, publishTimeoutMs, blockedBy)
    this.#end(sending, this.#failure(sending, error))
  }

  #failure({ wasSent, parcel }: Sending, error: MachineryError): SendResult {
    if (!wasSent) return { kind: 'refused', error }
    const uuid = parcel.options.messageId ?? ''
    const text = `it is not known whether ${this.#connection.name} has message ${uuid}: ${error.message}`
    const details = { queue: parcel.key, uuid }
    return {
      kind: 'uncertain',
      error: new MachineryError('ERR_PUBLISH_UNCERTAIN', text, { cause: error, details }),
    }
  }

  /** Of all the reasons for a nack, a full queue is the one that lasts; the others may have stored the message. */
  #nacked({ parcel }: Sending): SendResult {
    const text = `${this.#connection.name} did not take a message for ${parcel.key}: the queue is full, or failed`
    const error = new MachineryError('ERR_QUEUE_FULL', text, { details: { queue: parcel.key } })
    return { kind: 'uncertain', error }
  }

  #full(): SendResult {
    const text = `${MOST_WAITING} messages wait for ${this.#connection.name} already`
    return { kind: 'refused', error: new MachineryError('ERR_STORE_BUSY', text) }
  }

  #end(sending: Sending, result: SendResult): void {
    if (sending.isEnded) return
    sending.isEnded = true
    sending.end(result)
  }

  #closedError(): MachineryError {
    return new MachineryError('ERR_CLOSED', `the broker of ${this.#connection.name} is closed`)
  }
}

/** Whether the library could not write the message, whatever the channel: everything else it throws is about the channel. */
function isEncodeError(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    (error instanceof Error && /^(?:Unsupported|Field)/.test(error.message))
  )
}
