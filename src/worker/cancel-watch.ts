import { isTerminal, type TaskState } from '../core/task-state.ts'
import type { Runtime } from '../server/runtime.ts'
import type { Held } from './held.ts'

/**
 * Looks for running tasks that were ended by somebody else, and aborts them. Only those that ran at the look before are read, in one
 * call: a short task costs nothing.
 */
export class CancelWatch {
  readonly #runtime: Runtime
  readonly #running: () => Iterable<Held>
  #ranBefore: ReadonlySet<Held> = new Set()

  constructor(runtime: Runtime, running: () => Iterable<Held>) {
    this.#runtime = runtime
    this.#running = running
  }

  /** @throws what the backend throws; then nothing was aborted. */
  async look(): Promise<void> {
    const running = [...this.#running()].filter(isOpen)
    const long = running.filter((held) => this.#ranBefore.has(held))
    this.#ranBefore = new Set(running)
    if (long.length === 0) return
    const states = (await this.#runtime.backend?.tasks.get(long.map((held) => held.message.uuid))) ?? []
    long.forEach((held, index) => {
      const state = states[index]
      // Its own end may have been stored since.
      if (state !== undefined && isTerminal(state.state) && isOpen(held))
        held.abort?.('cancelled', why(state))
    })
  }
}

function isOpen(held: Held): boolean {
  return held.hasState && !held.ended && held.abort !== undefined && held.abortedBy === undefined
}

function why(state: TaskState): string {
  return state.state === 'FAILURE' ? state.error : 'another run of the task has succeeded'
}
