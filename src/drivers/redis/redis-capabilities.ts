import type { BackendCapabilities, BrokerCapabilities } from '../../core/ports/capabilities.ts'

/** A message larger than this takes the server too long to pass on. */
export const MAX_BODY_BYTES = 67_108_864
/** A hundred years: what the scripts of the server still count exactly. */
export const MAX_DELAY_MS = 3_155_760_000_000

export const BROKER_CAPABILITIES: BrokerCapabilities = {
  delay: 'native',
  maxDelayMs: MAX_DELAY_MS,
  priority: true,
  leaseExtension: true,
  countsReleases: true,
  countsExactly: true,
  ordering: 'fifo',
  maxBodyBytes: MAX_BODY_BYTES,
  shared: true,
  persistent: true,
  inspection: true,
}

export const BACKEND_CAPABILITIES: BackendCapabilities = { watch: true, shared: true, persistent: true }
