/** What a command is made of. */
export type RedisArgument = string | Buffer

/** An ioredis client, version 5 or 6: single, through sentinels, or of a Cluster. */
export interface RedisClient {
  readonly status: string
  /** True on a Cluster client. */
  readonly isCluster?: boolean
  readonly options: { readonly keyPrefix?: string | undefined }
  callBuffer(command: string, args: RedisArgument[]): Promise<unknown>
  duplicate(...args: never[]): unknown
  /** Closes the connection at once; with `true`, opens it again. */
  disconnect(reconnect?: boolean): void
}

/** All that the driver uses of a client. */
export interface OpenRedisClient extends RedisClient {
  /** The socket; none before the first connection, and on a Cluster client. */
  readonly stream?: { readonly writable: boolean }
  connect(): Promise<void>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
}

/**
 * Makes a client. It must spread `options` last into its own: they keep the client from sending a command twice.
 * Called once per connection, and again when the server refuses the password.
 */
export type RedisClientFactory = (
  options: Readonly<Record<string, unknown>>,
) => RedisClient | Promise<RedisClient>

/** What is loaded of the library. */
export interface RedisLibrary {
  readonly Redis: new (options: Readonly<Record<string, unknown>>) => OpenRedisClient
  readonly Cluster: new (
    nodes: readonly { readonly host: string; readonly port: number }[],
    options: Readonly<Record<string, unknown>>,
  ) => OpenRedisClient
}
