import type { BackendCapabilities, BrokerCapabilities } from '../src/core/ports/capabilities.ts'
import { markdownTable } from './generated-section.ts'

/** What one driver has to offer; a port it does not have is undefined. */
export interface DriverRow {
  /** Its folder below `src/drivers`. */
  readonly driver: string
  readonly broker: BrokerCapabilities | undefined
  readonly backend: BackendCapabilities | undefined
  readonly hasLock: boolean
}

/** The driver matrix of the README. */
export function driverMatrix(rows: readonly DriverRow[]): string {
  const head = [
    'Driver',
    'Broker',
    'Result backend',
    'Lock',
    'Several processes',
    'Survives a restart',
    'Delay',
    'Priority',
    'Order',
    'Largest message',
    'Inspection',
    'Waits without polling',
  ]
  return markdownTable(head, rows.map(cells))
}

function cells({ driver, broker, backend, hasLock }: DriverRow): readonly string[] {
  const either = broker ?? backend
  return [
    `[${driver}](docs/drivers/${driver}.md)`,
    mark(broker !== undefined),
    mark(backend !== undefined),
    mark(hasLock),
    mark(either?.shared),
    mark(either?.persistent),
    broker === undefined ? '' : delay(broker),
    mark(broker?.priority),
    broker?.ordering ?? '',
    broker === undefined ? '' : size(broker.maxBodyBytes),
    mark(broker?.inspection),
    mark(backend?.watch),
  ]
}

function mark(has: boolean | undefined): string {
  return has === undefined ? '' : has ? 'yes' : 'no'
}

function delay({ delay: kind, maxDelayMs }: BrokerCapabilities): string {
  if (kind === 'none') return 'no'
  return Number.isFinite(maxDelayMs) ? `${kind}, up to ${maxDelayMs / 1000} s` : kind
}

function size(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'no limit'
  return bytes >= 2 ** 20 ? `${Math.floor(bytes / 2 ** 20)} MiB` : `${Math.floor(bytes / 2 ** 10)} KiB`
}
