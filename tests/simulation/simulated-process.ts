import type { Clock } from '../../src/core/clock.ts'
import type { Consumer } from '../../src/core/ports/broker.ts'
import type { EventOwner, EventQueue } from './event-queue.ts'

/** 2026-01-01T00:00:00Z */
const START_AT = 1_767_225_600_000
/** Longest pause between a turn of the event loop and the next one. */
const TURN_MS = 0.2

/**
 * One operating system process: its clock, and whether it lives. What a dead process has set up never happens; what a paused one
 * has, happens when it goes on.
 */
export class SimulatedProcess implements EventOwner {
  readonly name: string
  readonly clock: Clock
  /** Its consumers at the broker, which outlive it until the broker notices. */
  readonly consumers: Set<Consumer> = new Set()
  #isAlive = true
  #pausedUntil = 0

  /** @param skewMs how far its wall clock is from the others' */
  constructor(name: string, queue: EventQueue, random: () => number, skewMs: number) {
    this.name = name
    this.clock = {
      now: () => Math.floor(START_AT + skewMs + queue.now),
      monotonic: () => queue.now,
      setTimer: (callback, delayMs) => queue.schedule(callback, delayMs, this),
      defer: (callback) => void queue.schedule(callback, random() * TURN_MS, this),
      random,
    }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  die(): void {
    this.#isAlive = false
  }

  /** Nothing of it happens until then: its event loop is blocked, or the machine has stopped it. */
  pauseUntil(time: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, time)
  }

  admits(now: number): boolean | number {
    if (!this.#isAlive) return false
    return now >= this.#pausedUntil || this.#pausedUntil
  }
}
