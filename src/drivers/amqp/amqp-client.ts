import { MachineryError } from '../../core/errors.ts'

// What the driver uses of amqplib 2.3, as shapes: the types of this package do not need that library.

/** Arguments of a declaration, and headers of a message. */
export type AmqpTable = Readonly<Record<string, unknown>>

/** Properties of a message, as the library reads them. */
export interface AmqpProperties {
  readonly headers?: AmqpTable | undefined
  readonly messageId?: unknown
  readonly correlationId?: unknown
  readonly priority?: unknown
  readonly contentType?: unknown
}

/** A message that the server sent. */
export interface AmqpMessage {
  readonly content: Buffer
  readonly fields: {
    readonly deliveryTag: number
    readonly redelivered: boolean
    readonly exchange: string
    readonly routingKey: string
  }
  readonly properties: AmqpProperties
}

/** Options of a publish. */
export interface AmqpPublishOptions {
  readonly mandatory?: boolean
  readonly persistent?: boolean
  readonly contentType?: string
  readonly messageId?: string | undefined
  readonly correlationId?: string
  readonly priority?: number | undefined
  readonly expiration?: string
  readonly headers?: AmqpTable
}

interface DeclareOptions {
  readonly durable?: boolean
  readonly autoDelete?: boolean
  readonly exclusive?: boolean
  readonly arguments?: AmqpTable
}

/** Counts that the server answers to a declaration. */
export interface AmqpQueueFacts {
  readonly queue: string
  readonly messageCount: number
  readonly consumerCount: number
}

/** A channel; with `createConfirmChannel`, one that confirms. */
export interface AmqpChannel {
  prependListener(event: string, listener: (...args: never[]) => void): unknown
  on(event: string, listener: (...args: never[]) => void): unknown
  close(): Promise<void>
  assertExchange(exchange: string, type: string, options: DeclareOptions): Promise<unknown>
  checkExchange(exchange: string): Promise<unknown>
  bindExchange(destination: string, source: string, pattern: string, args?: AmqpTable): Promise<unknown>
  assertQueue(queue: string, options: DeclareOptions): Promise<AmqpQueueFacts>
  checkQueue(queue: string): Promise<AmqpQueueFacts>
  bindQueue(queue: string, source: string, pattern: string, args?: AmqpTable): Promise<unknown>
  deleteQueue(queue: string): Promise<{ readonly messageCount: number }>
  purgeQueue(queue: string): Promise<{ readonly messageCount: number }>
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: AmqpPublishOptions,
    callback?: (error: unknown) => void,
  ): boolean
  consume(
    queue: string,
    onMessage: (message: AmqpMessage | null) => void,
    options: { readonly noAck: boolean },
  ): Promise<{ readonly consumerTag: string }>
  cancel(consumerTag: string): Promise<unknown>
  get(queue: string, options: { readonly noAck: boolean }): Promise<AmqpMessage | false>
  ack(message: { readonly fields: { readonly deliveryTag: number } }, allUpTo?: boolean): void
  prefetch(count: number, global?: boolean): Promise<unknown>
}

/** Closes a channel that may be closed already, and minds no error of it. */
export function closeQuietly(channel: AmqpChannel): void {
  channel.on('error', () => {})
  channel.close().catch(() => {})
}

/** A connection of amqplib's promise API. */
export interface AmqpClient {
  on(event: string, listener: (...args: never[]) => void): unknown
  close(): Promise<void>
  createChannel(): Promise<unknown>
  createConfirmChannel(): Promise<unknown>
  /** What is below, where the library gives it: what the server said of itself, and the socket. */
  readonly connection?: {
    readonly serverProperties?: AmqpTable
    readonly stream?: { destroy(error: Error): unknown }
  }
}

/** Opens a connection. Called again whenever one was lost. */
export type AmqpClientFactory = () => Promise<AmqpClient>

/** What is loaded of the library. */
export interface AmqpLibrary {
  readonly connect: (url: string, socketOptions: Readonly<Record<string, unknown>>) => Promise<AmqpClient>
}

/** @throws `ERR_DRIVER_MISSING` when amqplib is not installed */
export async function loadLibrary(): Promise<AmqpLibrary> {
  try {
    return await import('amqplib')
  } catch (cause) {
    throw new MachineryError('ERR_DRIVER_MISSING', 'amqp needs amqplib: npm install amqplib', { cause })
  }
}
