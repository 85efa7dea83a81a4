import type { Logger } from '../core/logger.ts'

/** What a signal asks of a worker. */
export interface SignalTarget {
  /** First SIGINT or SIGTERM: stop claiming, finish what runs. */
  readonly onFirst: () => void
  /** A further one: give back at once. */
  readonly onSecond: () => void
}

/** Listens to SIGINT and SIGTERM until the answer is called. The process is never exited from here (go-core 5.2). */
export function listenToSignals(logger: Logger, target: SignalTarget): () => void {
  let received = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    received += 1
    logger.warn({ signal }, 'Signal received')
    if (received > 1) return target.onSecond()
    logger.warn({}, 'Waiting for running tasks to finish before shutting down')
    target.onFirst()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
