import { AmqpAdmin } from './amqp-admin.ts'
import { type AmqpConnector, amqpConnector } from './amqp-connector.ts'
import { AmqpConnection } from './amqp-connection.ts'
import { type AmqpManagement, amqpManagement } from './amqp-management.ts'
import { type AmqpSettings, amqpSettings, type AmqpStoreOptions } from './amqp-options.ts'
import { amqpUrls } from './amqp-urls.ts'

/** What the parts of one store share. */
export interface AmqpEngine {
  readonly settings: AmqpSettings
  readonly connector: AmqpConnector
  /** For what publishes: the server may stop reading from it. */
  readonly publishing: AmqpAdmin
  /** For what consumes, and looks. Opened when it is needed first. */
  readonly consuming: AmqpAdmin
  readonly management: AmqpManagement | undefined
  /** Idempotent; the parts are closed before. */
  close(): Promise<void>
}

/** @throws as `amqpStore` */
export async function openEngine(options: AmqpStoreOptions): Promise<AmqpEngine> {
  const settings = amqpSettings(options)
  const connector = await amqpConnector(options, settings)
  const publishing = new AmqpConnection(connector, settings)
  const consuming = new AmqpConnection(connector, settings)
  await publishing.open()
  const admins = { publishing: new AmqpAdmin(publishing), consuming: new AmqpAdmin(consuming) }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    admins.publishing.close()
    admins.consuming.close()
    await Promise.all([publishing.close(), consuming.close()])
  }
  return {
    settings,
    connector,
    ...admins,
    management:
      settings.managementUrl === undefined
        ? undefined
        : amqpManagement(settings.managementUrl, vhostOf(options), settings),
    close: () => (closing ??= close()),
  }
}

/** The virtual host of the first URL; the default one for a given connection. */
function vhostOf(options: AmqpStoreOptions): string {
  if (options.connection !== undefined) return '/'
  const path = new URL(amqpUrls(options)[0] ?? '').pathname.slice(1)
  return path === '' ? '/' : decodeURIComponent(path)
}
