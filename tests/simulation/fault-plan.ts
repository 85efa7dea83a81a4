import type { WorkerOptions } from '../../src/worker/worker-options.ts'

/** One fault, at the moment when this many events have fired. */
export interface PlannedFault {
  readonly kind: 'crash' | 'loseLease' | 'pause' | 'duplicate' | 'close'
  readonly atEvent: number
}

/** What goes wrong in one run, and where it runs. */
export interface FaultPlan {
  /** In the order of their moments. */
  readonly faults: readonly PlannedFault[]
  /** Share of the calls that are lost, or whose answer is, and how many at most. */
  readonly callFaults: { readonly share: number; readonly most: number }
  readonly stragglers: number
  readonly splits: number
  readonly path: StorePath
  readonly workers: readonly Pick<WorkerOptions, 'concurrency'>[]
  /** Deliveries before a message is given up; low in some runs, in which tasks may then fail. */
  readonly maxDeliveries: number
  readonly givesUp: boolean
}

/** Whether what can be fused is fused. */
export type StorePath = 'one store' | 'two stores'

const MOST: Readonly<Record<PlannedFault['kind'], number>> = {
  crash: 6,
  loseLease: 3,
  pause: 2,
  duplicate: 3,
  close: 1,
}
const KINDS = Object.keys(MOST) as readonly PlannedFault['kind'][]

/** A random plan. Each run leaves out some kinds of faults, so that rare combinations are not drowned (swarm testing). */
export function randomPlan(random: () => number, tasks: number, path?: StorePath): FaultPlan {
  const upTo = (most: number): number => Math.floor(random() * (most + 1))
  const lastEvent = 20 + tasks * 25
  const faults = KINDS.flatMap((kind) => {
    const count = random() < 0.35 ? 0 : upTo(MOST[kind])
    return Array.from({ length: count }, () => ({ kind, atEvent: 1 + upTo(lastEvent) }))
  }).toSorted((a, b) => a.atEvent - b.atEvent)
  const givesUp = random() < 0.1
  return {
    faults,
    callFaults: random() < 0.4 ? { share: 0, most: 0 } : { share: random() * 0.15, most: 1 + upTo(7) },
    stragglers: random() < 0.7 ? 0 : 0.02,
    splits: random() < 0.5 ? 0 : 0.5,
    path: path ?? (random() < 0.5 ? 'one store' : 'two stores'),
    workers: Array.from({ length: 1 + upTo(3) }, () => ({ concurrency: 1 + upTo(3) })),
    maxDeliveries: givesUp ? 2 : 50,
    givesUp,
  }
}
