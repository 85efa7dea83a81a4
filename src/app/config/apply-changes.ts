import type { WireLimits } from '../../core/wire/limits.ts'
import { defaultConcurrency } from '../../worker/slots.ts'
import type { LogLevel } from '../console-logger.ts'
import type { ConfigChange } from './watch-config.ts'

/** What follows a changed configuration while it runs; what is absent is left out. */
export interface LiveTargets {
  readonly server?: { setLimits(limits: Partial<WireLimits>): void }
  readonly workers?: readonly { resize(concurrency: number): Promise<void> }[]
  readonly setLogLevel?: (level: LogLevel) => void
}

const DEFAULT_LEVEL: LogLevel = 'info'

/**
 * Puts what changed, and can change while running, into effect: the log level, the limits, then the concurrency.
 * @throws what `resize` throws
 */
export async function applyChanges(
  { config, changes }: ConfigChange,
  { server, workers = [], setLogLevel }: LiveTargets,
): Promise<void> {
  const changed = new Set(changes.map(({ key }) => key.split('.')[0]))
  if (changed.has('logLevel')) setLogLevel?.(config.logLevel ?? DEFAULT_LEVEL)
  if (changed.has('limits')) server?.setLimits(config.limits ?? {})
  if (!changed.has('concurrency')) return
  const concurrency = config.concurrency || defaultConcurrency()
  await Promise.all(workers.map((worker) => worker.resize(concurrency)))
}
