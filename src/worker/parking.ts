import type { Timer } from '../core/clock.ts'
import { isTerminal, type TaskStateName } from '../core/task-state.ts'
import type { Runtime } from '../server/runtime.ts'
import type { Held } from './held.ts'
import type { Service } from './service.ts'

const FIRST_PAUSE_MS = 5_000
/** Looks that only read: 5, 10, 20, 40 and 80 s apart. After them the other run counts as dead. */
const PATIENT_LOOKS = 5

/** What the parking place tells the rest of the worker. */
export interface ParkingEvents {
  /** The other run has ended, or seems dead: what is to be done with the delivery? `begin` tells. */
  readonly onLook: (held: Held) => void
  readonly onError: (error: unknown) => void
}

/**
 * Keeps deliveries whose task another run owns, and looks again later (spec: reliability 4.3). A look reads first: `begin`
 * would take the task from a run that is alive, and two long runs would take it from each other for ever.
 */
export class Parking implements Service {
  readonly name = 'parking'
  readonly #runtime: Runtime
  readonly #events: ParkingEvents
  readonly #timers = new Map<Held, Timer>()
  #isOpen = true

  constructor(runtime: Runtime, events: ParkingEvents) {
    this.#runtime = runtime
    this.#events = events
  }

  start(): void {}

  /** Forgets what is parked: it returns to the queue with its consumer. */
  async stop(): Promise<void> {
    this.#isOpen = false
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  /** Keeps a delivery. */
  park(held: Held): void {
    this.#park({ ...held, fencedTimes: held.fencedTimes + 1 }, 1)
  }

  #park(held: Held, look: number): void {
    if (!this.#isOpen) return
    const pauseMs = FIRST_PAUSE_MS * 2 ** (look - 1)
    const timer = this.#runtime.clock.setTimer(() => {
      this.#timers.delete(held)
      void this.#look(held, look)
    }, pauseMs)
    this.#timers.set(held, timer)
  }

  async #look(held: Held, look: number): Promise<void> {
    try {
      const [state] = (await this.#runtime.backend?.tasks.get([held.message.uuid])) ?? []
      if (look < PATIENT_LOOKS && state !== undefined && isOwned(state.state))
        return this.#park(held, look + 1)
    } catch (error) {
      this.#events.onError(error)
      return this.#park(held, look)
    }
    if (this.#isOpen) this.#events.onLook(held)
  }
}

function isOwned(state: TaskStateName): boolean {
  return !isTerminal(state) && state !== 'PENDING'
}
