import type { Clock, Timer } from '../core/clock.ts'
import type { Held } from './held.ts'
import { LookAhead } from './look-ahead.ts'
import { SETTLE_WINDOW } from './settler.ts'
import type { Slots } from './slots.ts'

/** When nothing started for this long, messages that wait here could run elsewhere. */
const STALL_MS = 100

/** What the run queue needs from its worker. */
export interface RunQueueOptions {
  readonly slots: Slots
  readonly clock: Clock
  /** Runs a handler; the callback frees its slot. */
  readonly run: (held: Held, onSlotFree: () => void) => void
  /** Endings that are not stored yet. */
  readonly unsettled: () => number
  /** Gives a delivery back that waits here in vain. */
  readonly giveBack: (held: Held) => void
  /** There may be room for more. */
  readonly onRoom: () => void
}

/**
 * Starts held deliveries as slots become free. Its state: `waiting` (held, not started; at most the look-ahead beyond the free
 * slots) → `running` (has a slot) → gone when the handler has ended. A slot is free when its handler ends, but no handler starts
 * while 64 endings are unsettled, so that a crash repeats at most concurrency + 64 runs.
 */
export class RunQueue {
  readonly #options: RunQueueOptions
  readonly #lookAhead = new LookAhead()
  readonly #stopListening: () => void
  #waiting: Held[] = []
  #head = 0
  #running = 0
  #isOpen = true
  #starts = 0
  #stall: Timer | undefined

  constructor(options: RunQueueOptions) {
    this.#options = options
    this.#stopListening = options.slots.onFree(() => this.pump())
  }

  /** Handlers that run. */
  get running(): number {
    return this.#running
  }

  /** Held and not started. */
  get waiting(): number {
    return this.#waiting.length - this.#head
  }

  /** How many more deliveries are wanted now: claims below half of the look-ahead would cost more than they bring. */
  get room(): number {
    const { slots } = this.#options
    const lookAhead = this.#lookAhead.size
    const free = Math.max(0, slots.capacity - slots.taken)
    const room = free + lookAhead - this.waiting
    return this.waiting === 0 || room >= lookAhead / 2 ? Math.max(0, room) : 0
  }

  /** Takes deliveries to run, in order. */
  add(helds: readonly Held[]): void {
    for (const held of helds) this.#waiting.push(held)
    this.pump()
  }

  /** Starts what can start. */
  pump(): void {
    const { slots, unsettled } = this.#options
    while (this.#isOpen && this.waiting > 0 && unsettled() < SETTLE_WINDOW && slots.take())
      this.#start(this.#shift())
    if (!this.#isOpen) return
    if (this.waiting > 0) this.#watchForStall()
    this.#options.onRoom()
  }

  /** Starts nothing more; answers what was waiting. */
  close(): readonly Held[] {
    this.#isOpen = false
    this.#stopListening()
    this.#stall?.cancel()
    return this.#takeAll()
  }

  /** Takes out what waits and is not wanted any more. */
  takeOut(isUnwanted: (held: Held) => boolean): readonly Held[] {
    const waiting = this.#takeAll()
    this.#waiting = waiting.filter((held) => !isUnwanted(held))
    return waiting.filter((held) => isUnwanted(held))
  }

  #takeAll(): readonly Held[] {
    const left = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    return left
  }

  /** A long task after many short ones: what was claimed ahead must not wait behind it (Machinery #559). */
  #watchForStall(): void {
    const starts = this.#starts
    this.#stall ??= this.#options.clock.setTimer(() => {
      this.#stall = undefined
      if (!this.#isOpen || this.waiting === 0) return
      if (starts !== this.#starts) return this.#watchForStall()
      this.#lookAhead.forget()
      for (const held of this.#takeAll()) this.#options.giveBack(held)
    }, STALL_MS)
  }

  #shift(): Held {
    const held = this.#waiting[this.#head] as Held
    this.#head += 1
    if (this.#head > 1_024 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return held
  }

  #start(held: Held): void {
    const { clock, slots, run } = this.#options
    const startedAt = clock.monotonic()
    held.startedAt = startedAt
    this.#running += 1
    this.#starts += 1
    run(held, () => {
      this.#running -= 1
      this.#lookAhead.observe(clock.monotonic() - startedAt)
      // Tells the pump of every worker that shares the slots.
      slots.giveBack()
    })
  }
}
