import type { BenchStore } from './stores.ts'

/** How much work a scenario does in one round. */
export interface Sizes {
  readonly oneByOne: number
  readonly batched: number
  readonly drained: number
  readonly calls: number
  readonly delayed: number
}

/** What one round of a scenario took. */
export interface Measurement {
  readonly tasks: number
  readonly seconds: number
  /** Of all threads of this process, user and system. */
  readonly cpuSeconds: number
  /** For scenarios that time each call by itself. */
  readonly latenciesMs?: readonly number[]
}

/** One way of using the product, the same on every store. */
export interface Scenario {
  readonly name: string
  /** Tasks per second that the product has to reach on a store of this name, on the machine class of the README. */
  readonly required?: Readonly<Record<string, number>>
  /** Milliseconds that the p99 has to stay below, likewise. */
  readonly requiredP99Ms?: Readonly<Record<string, number>>
  readonly isFor: (store: BenchStore) => boolean
  run(store: BenchStore, sizes: Sizes): Promise<Measurement>
}

/** Times `work`. */
export async function timed(
  tasks: number,
  work: () => Promise<readonly number[] | void>,
): Promise<Measurement> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const latenciesMs = await work()
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const measured = { tasks, seconds, cpuSeconds: (user + system) / 1e6 }
  return latenciesMs === undefined ? measured : { ...measured, latenciesMs }
}
