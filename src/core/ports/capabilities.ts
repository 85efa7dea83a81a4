/**
 * What a broker can do. Differences between drivers are data: they gate features (`ERR_UNSUPPORTED`), parameterise the
 * conformance suite and generate the driver matrix of the docs. Nothing asks which driver it talks to.
 */
export interface BrokerCapabilities {
  /** `native`: the store itself holds a message back. `emulated`: the driver does, with the same guarantees. `none`: `delayMs` above 0 is refused. */
  readonly delay: 'native' | 'emulated' | 'none'
  /** Largest delay; `Infinity` if there is no limit. */
  readonly maxDelayMs: number
  /** Whether a higher `priority` is delivered first within a queue. */
  readonly priority: boolean
  /** Whether a delivery returns to the queue by itself when its consumer dies, and the lease can be prolonged. */
  readonly leaseExtension: boolean
  /** Whether `release` with `counted: true` raises `deliveryCount`. */
  readonly countsReleases: boolean
  readonly ordering: 'fifo' | 'best-effort'
  readonly maxBodyBytes: number
  /** Whether other processes can publish and consume the same queues. */
  readonly shared: boolean
  /** Whether messages survive the end of all processes. */
  readonly persistent: boolean
  /** Whether `inspector` is there. */
  readonly inspection: boolean
}

/** What a result backend can do. */
export interface BackendCapabilities {
  /** Whether `watch` is there: waiting without polling. */
  readonly watch: boolean
  /** Whether other processes see the same states. */
  readonly shared: boolean
  readonly persistent: boolean
}
