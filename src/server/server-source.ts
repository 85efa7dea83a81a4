import { MachineryError } from '../core/errors.ts'
import type { ServerSource, Telemetry } from '../core/telemetry.ts'
import type { Runtime } from './runtime.ts'

/** No task has this UUID: reading its state shows that the backend answers. */
const NO_TASK = 'machinery.readiness'

/** How a server is looked at from outside. */
export function serverSource({ broker, backend, defaultQueue }: Runtime): ServerSource {
  return {
    checkBroker: async () => void (await broker.inspector?.stats(defaultQueue)),
    checkBackend: async () => void (await backend?.tasks.get([NO_TASK])),
  }
}

/** @throws `ERR_OPTION_INVALID` unless it is a `Telemetry`, or undefined. */
export function checkTelemetry(telemetry: Telemetry | undefined): Telemetry | undefined {
  if (telemetry === undefined) return undefined
  if (typeof telemetry === 'object' && telemetry !== null && typeof telemetry.run === 'function')
    return telemetry
  const given = telemetry instanceof Promise ? 'a Promise' : typeof telemetry
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `telemetry is ${given}; what await openTelemetry() or a metrics endpoint gives is right`,
  )
}
