import { MachineryError } from '../../core/errors.ts'
import { type AmqpClient, type AmqpClientFactory, loadLibrary } from './amqp-client.ts'
import { within } from './amqp-deadline.ts'
import { type AmqpSettings, type AmqpStoreOptions, invalidOption } from './amqp-options.ts'
import { amqpUrls, urlsName } from './amqp-urls.ts'

/** Opens connections to one server or cluster. */
export interface AmqpConnector {
  readonly name: string
  /** Whether a connection is closed by whoever opened it here. */
  readonly isOurs: boolean
  /** Tries every host once. @throws `ERR_CONNECT_FAILED` with the reason of the last */
  open(): Promise<AmqpClient>
}

/** @throws `ERR_OPTION_INVALID`; `ERR_DRIVER_MISSING` */
export async function amqpConnector(
  options: AmqpStoreOptions,
  settings: AmqpSettings,
): Promise<AmqpConnector> {
  const { connection } = options
  if (connection === undefined) return urlConnector(amqpUrls(options), options, settings)
  if (options.url !== undefined || options.urls !== undefined) {
    throw new MachineryError('ERR_OPTION_INVALID', 'amqp has a connection beside a URL; one of them is right')
  }
  if (typeof connection === 'function') return factoryConnector(connection, settings)
  if (typeof connection.createConfirmChannel !== 'function') {
    throw invalidOption('connection', connection, 'it must be a connection of amqplib, or a function')
  }
  return givenConnector(connection)
}

async function urlConnector(
  urls: readonly string[],
  options: AmqpStoreOptions,
  settings: AmqpSettings,
): Promise<AmqpConnector> {
  const { connect } = await loadLibrary()
  const name = urlsName(urls)
  const socketOptions = (): Readonly<Record<string, unknown>> => ({
    ...options.tls,
    noDelay: true,
    keepAlive: true,
    timeout: settings.connectTimeoutMs,
    clientProperties: { connection_name: 'machinery-ts' },
  })
  return {
    name,
    isOurs: true,
    async open() {
      let cause: unknown
      for (const url of urls) {
        try {
          const opening = connect(withHeartbeat(url, settings.heartbeatMs), socketOptions())
          return await opened(opening, name, settings)
        } catch (error) {
          cause = error
        }
      }
      throw connectError(name, cause)
    },
  }
}

/** A heartbeat that the URL names stays. */
function withHeartbeat(url: string, heartbeatMs: number): string {
  const parsed = new URL(url)
  if (!parsed.searchParams.has('heartbeat')) {
    parsed.searchParams.set('heartbeat', String(Math.ceil(heartbeatMs / 1_000)))
  }
  return parsed.href
}

function factoryConnector(factory: AmqpClientFactory, settings: AmqpSettings): AmqpConnector {
  const name = 'the given connection of amqp'
  return {
    name,
    isOurs: true,
    open: async () => {
      try {
        return await opened(factory(), name, settings)
      } catch (error) {
        throw connectError(name, error)
      }
    },
  }
}

function givenConnector(client: AmqpClient): AmqpConnector {
  const name = 'the given connection of amqp'
  let isOpen = true
  client.on('close', () => (isOpen = false))
  return {
    name,
    isOurs: false,
    open: async () => {
      if (isOpen) return client
      throw connectError(name, new Error('it is closed; a function that opens one can open it again'))
    },
  }
}

function opened(opening: Promise<AmqpClient>, name: string, settings: AmqpSettings): Promise<AmqpClient> {
  const { clock, connectTimeoutMs } = settings
  const late = (): Error => new Error(`not connected to ${name} after ${connectTimeoutMs} ms`)
  return within(clock, opening, connectTimeoutMs, late, (client) => {
    client.on('error', () => {})
    client.close().catch(() => {})
  })
}

function connectError(name: string, cause: unknown): MachineryError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new MachineryError('ERR_CONNECT_FAILED', `no connection to ${name}: ${text}`, { cause })
}
