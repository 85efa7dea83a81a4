/** What can happen to a store, or to the way to it, besides what happens to workers. */
export const DISTURBANCES = [
  { name: 'cuts', means: 'connections of workers and producer cut at any byte, sometimes all at once' },
  { name: 'lost-replies', means: 'a reply of the server thrown away, and its connection cut' },
  { name: 'half-opens', means: 'all open connections carry nothing any more; new ones do' },
  { name: 'redis-kills', means: 'the server killed with SIGKILL, and started again' },
  { name: 'broker-restarts', means: 'the message broker killed with SIGKILL, and started again' },
  { name: 'freezes', means: 'the server stopped with SIGSTOP, and resumed' },
  { name: 'failovers', means: 'the master killed; the sentinels promote its replica' },
] as const

export type DisturbanceName = (typeof DISTURBANCES)[number]['name']

/** How a target does one of them. */
export interface Disturbance {
  /** Does it once; resolves when it is over. `mark` is called where the time until work goes on begins. */
  run(mark: () => void): Promise<void>
  /** Most ms from the mark until a task that is sent has ended; undefined where the work goes on meanwhile. */
  readonly resumeWithinMs: number | undefined
  /** Whether leases may end while it lasts, so that all that workers hold may be run again. */
  readonly mayEndLeases: boolean
}

/** What a target can do. */
export type Disturbances = Readonly<Partial<Record<DisturbanceName, Disturbance>>>
