/** Where the tasks are kept. */
export interface Place {
  /** URL of the server, or of the file. */
  readonly url: string
  readonly queue: string
}

/** Sends tasks that add two numbers. */
export interface Producer {
  /** Resolves when the store has the task; absent where the library does not tell. */
  send?(one: number, other: number): Promise<unknown>
  /** As many tasks as there are pairs, the fastest way that the library documents. */
  sendMany(pairs: readonly (readonly [number, number])[]): Promise<unknown>
  /** Sends a task and resolves with its result, as the producer sees it. */
  call?(one: number, other: number): Promise<number>
  /** Sends a task that is due in `delayMs`; its first number is the epoch ms at which it is due. */
  sendLater?(dueAt: number, delayMs: number): Promise<unknown>
  close(): Promise<void>
}

/** What a worker does with a task. */
export interface Work {
  readonly concurrency: number
  /** The handler. */
  run(one: number, other: number): number
  /** A result was stored, as far as the library lets one know; `run` counts where it does not. */
  readonly onStored: () => void
}

/** A library that is measured. Every result is stored. */
export interface Contestant {
  /** Makes the tables, if there are any. */
  prepare?(place: Place): Promise<void>
  producer(place: Place): Promise<Producer>
  /** Starts to work. The answer stops it, and resolves when all that ended is stored. */
  work(place: Place, work: Work): Promise<() => Promise<void>>
}
