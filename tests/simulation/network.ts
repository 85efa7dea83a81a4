import { MachineryError } from '../../src/core/errors.ts'
import type { EventQueue } from './event-queue.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** What becomes of one call. */
export type CallFate =
  | 'arrives'
  /** It never reaches the store; the caller learns that the connection was lost. */
  | 'requestLost'
  /** It happens; the caller learns that the connection was lost. */
  | 'replyLost'

/** What a network is made with. */
export interface NetworkOptions {
  readonly queue: EventQueue
  readonly random: () => number
  readonly fateOf: (process: SimulatedProcess) => CallFate
  /** Share of the calls that take seconds. */
  readonly stragglers: number
  /** Share of the batches whose items happen one after the other, with other things between. */
  readonly splits: number
}

/**
 * Between a process and its stores. A call is three moments of the scheduler: it is made, it happens at the store, its answer comes
 * back; anything may come between. A process that dies takes the answers with it, and half of the calls that are on their way.
 */
export class Network {
  readonly #options: NetworkOptions
  #underWay = 0

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Calls that were made and have not happened yet. */
  get underWay(): number {
    return this.#underWay
  }

  /**
   * Makes a call. `effect` is what happens at the store; one that may wait there for ever, as a claim does, does not count as under
   * way.
   */
  call<R>(process: SimulatedProcess, effect: () => Promise<R>, waits: boolean = false): Promise<R> {
    const { queue } = this.#options
    const fate = this.#options.fateOf(process)
    const counted = waits ? 0 : 1
    this.#underWay += counted
    return new Promise((resolve, reject) => {
      const reply = (answer: () => void): void => void queue.schedule(answer, this.latencyMs(), process)
      const fail = (error: unknown): void => reply(() => reject(error))
      const arrive = async (): Promise<void> => {
        try {
          if (this.#isGone(process)) return
          if (fate === 'requestLost') return fail(connectionLost('request'))
          const result = await effect()
          if (fate === 'replyLost') fail(connectionLost('reply'))
          else reply(() => resolve(result))
        } catch (error) {
          fail(error)
        } finally {
          this.#underWay -= counted
        }
      }
      queue.schedule(() => void arrive(), this.latencyMs())
    })
  }

  /** Makes a call for a batch whose items are atomic one by one: some of it may have happened when the process dies. */
  batch<I, R>(
    process: SimulatedProcess,
    items: readonly I[],
    effect: (items: readonly I[]) => Promise<readonly R[]>,
  ): Promise<readonly R[]> {
    const { random, splits } = this.#options
    if (items.length < 2 || random() >= splits) return this.call(process, () => effect(items))
    return this.call(process, async () => {
      const results: R[] = []
      for (const item of items) {
        if (results.length > 0) {
          await this.#pause()
          if (this.#isGone(process)) return results
        }
        results.push(...(await effect([item])))
      }
      return results
    })
  }

  /** How long one way takes. */
  latencyMs(): number {
    const { random, stragglers } = this.#options
    const kind = random()
    if (kind < stragglers) return random() * 8_000
    return kind < 0.95 ? random() * 4 : random() * 60
  }

  #isGone(process: SimulatedProcess): boolean {
    return !process.isAlive && this.#options.random() < 0.5
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.queue.schedule(resolve, this.latencyMs())
    })
  }
}

function connectionLost(what: string): MachineryError {
  return new MachineryError('ERR_CONNECTION_LOST', `the ${what} was lost (fault of the simulation)`)
}
