import { MachineryError } from '../core/errors.ts'

/** The OpenTelemetry API, as its package exports it. */
export type OpenTelemetryApi = typeof import('@opentelemetry/api')

/** @throws `ERR_DRIVER_MISSING` with the install line when the package is not installed */
export async function loadApi(): Promise<OpenTelemetryApi> {
  try {
    return await import('@opentelemetry/api')
  } catch (cause) {
    throw new MachineryError(
      'ERR_DRIVER_MISSING',
      'openTelemetry needs @opentelemetry/api: npm install @opentelemetry/api',
      { cause },
    )
  }
}
