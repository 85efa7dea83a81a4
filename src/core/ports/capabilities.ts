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
  /**
   * Whether `deliveryCount` counts counted hand-overs and nothing else. Where not, it may be higher: a look of the inspector
   * counts as a hand-over, and so does being on the way to a consumer that ends before it is handed over.
   */
  readonly countsExactly: boolean
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
  /**
   * Whether programs that announce nothing write states too, as Go's workers do: then a wait polls besides, and each member of a
   * group has a state before one of them runs, since Go counts states (go-core 3.4). @default false
   */
  readonly foreignWriters?: boolean
}
