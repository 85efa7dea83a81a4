import type { Measurement, Scenario, Sizes } from './scenario.ts'
import { median, quantile } from './statistics.ts'
import type { BenchStore } from './stores.ts'

/** The middle of all rounds, and how far they lie apart. */
export interface Figure {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** What all rounds of one scenario on one store came to. */
export interface Result {
  readonly scenario: string
  readonly store: string
  readonly tasksPerRound: number
  readonly tasksPerSecond: Figure
  readonly cpuSecondsPer10k: Figure
  /** Of the calls of each round, where each call was timed. */
  readonly p50Ms: Figure | undefined
  readonly p99Ms: Figure | undefined
  /** Tasks per second that have to be reached. */
  readonly required: number | undefined
  /** Milliseconds that the p99 has to stay below. */
  readonly requiredP99Ms: number | undefined
}

/** Options of `runRounds`. */
export interface RoundOptions {
  readonly rounds: number
  /** Share of the stores' sizes. */
  readonly scale: number
  /** Runs only what has this in the name of its scenario or store; empty = all. */
  readonly only: string
  readonly onProgress: (text: string) => void
}

/**
 * Runs every scenario on every store that it is for: one small round that does not count, then `rounds` of them. The
 * rounds are interleaved, so that what disturbs the machine for a while disturbs all alike.
 */
export async function runRounds(
  scenarios: readonly Scenario[],
  stores: readonly BenchStore[],
  { rounds, scale, only, onProgress }: RoundOptions,
): Promise<readonly Result[]> {
  const pairs = scenarios.flatMap((scenario) =>
    stores
      .filter((store) => scenario.isFor(store) && `${scenario.name}, ${store.name}`.includes(only))
      .map((store) => ({ scenario, store, measured: [] as Measurement[] })),
  )
  for (let round = 0; round <= rounds; round += 1) {
    for (const { scenario, store, measured } of pairs) {
      onProgress(
        `${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${scenario.name}, ${store.name}`,
      )
      const size = scaled(store.sizes, round === 0 ? scale / 10 : scale)
      const measurement = await scenario.run(store, size)
      if (round > 0) measured.push(measurement)
    }
  }
  return pairs.map(({ scenario, store, measured }) => resultOf(scenario, store, measured))
}

function scaled(sizes: Sizes, share: number): Sizes {
  const part = (size: number): number => Math.max(10, Math.round(size * share))
  return {
    oneByOne: part(sizes.oneByOne),
    batched: part(sizes.batched),
    drained: part(sizes.drained),
    calls: part(sizes.calls),
    delayed: part(sizes.delayed),
  }
}

function resultOf(scenario: Scenario, store: BenchStore, measured: readonly Measurement[]): Result {
  const latencies = measured.flatMap(({ latenciesMs }) => (latenciesMs === undefined ? [] : [latenciesMs]))
  const latency = (share: number): Figure | undefined =>
    latencies.length === 0 ? undefined : figureOf(latencies.map((round) => quantile(round, share)))
  return {
    scenario: scenario.name,
    store: store.name,
    tasksPerRound: measured[0]?.tasks ?? 0,
    tasksPerSecond: figureOf(measured.map(({ tasks, seconds }) => tasks / seconds)),
    cpuSecondsPer10k: figureOf(measured.map(({ tasks, cpuSeconds }) => (cpuSeconds / tasks) * 10_000)),
    p50Ms: latency(0.5),
    p99Ms: latency(0.99),
    required: scenario.required?.[store.name],
    requiredP99Ms: scenario.requiredP99Ms?.[store.name],
  }
}

function figureOf(values: readonly number[]): Figure {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}
