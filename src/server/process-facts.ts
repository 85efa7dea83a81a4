/** What the app layer knows of the process, for the registry of workers. */
export interface ProcessFacts {
  /** Of the package; empty when it is not known. */
  readonly version: string
  /** 99th percentile of the last seconds, in ms; undefined when it is not measured. */
  readonly eventLoopDelayMs: () => number | undefined
}

/** Nothing is known. */
export const NO_FACTS: ProcessFacts = { version: '', eventLoopDelayMs: () => undefined }
