import { availableParallelism } from 'node:os'
import { MachineryError } from '../core/errors.ts'

/** A number of handlers that may run at once; one pool may be shared by several workers (the fork's tokens, go-core 5.9). */
export interface Slots {
  readonly capacity: number
  /** Slots that are taken; may exceed `capacity` for a while after it was lowered. */
  readonly taken: number
  /** Takes a slot if one is free. */
  take(): boolean
  /** Gives a slot back; more than were taken are ignored. */
  giveBack(): void
  /**
   * Changes the capacity. Taken slots stay; raising it lets waiting work start at once.
   * @throws `ERR_OPTION_INVALID` unless it is a whole number of at least 0.
   */
  resize(capacity: number): void
  /** Calls `listener` whenever a slot may have become free, until the answer is called. */
  onFree(listener: () => void): () => void
}

/** Handlers that run at once where nobody says how many. */
export function defaultConcurrency(): number {
  return availableParallelism() * 2
}

/**
 * Makes a pool of slots.
 * @throws `ERR_OPTION_INVALID` unless `capacity` is a whole number of at least 0.
 */
export function createSlots(capacity: number): Slots {
  let size = checked(capacity)
  let taken = 0
  const listeners = new Set<() => void>()
  const tell = (): void => {
    if (listeners.size < 2) return listeners.forEach((listener) => listener())
    for (const listener of [...listeners]) listener()
    // Who was asked first is asked last next time: a worker with a long backlog must not starve the others.
    const [first] = listeners
    if (first === undefined) return
    listeners.delete(first)
    listeners.add(first)
  }
  return {
    get capacity() {
      return size
    },
    get taken() {
      return taken
    },
    take() {
      if (taken >= size) return false
      taken += 1
      return true
    },
    giveBack() {
      if (taken === 0) return
      taken -= 1
      if (taken < size) tell()
    },
    resize(next) {
      size = checked(next)
      if (taken < size) tell()
    },
    onFree(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function checked(capacity: number): number {
  if (Number.isInteger(capacity) && capacity >= 0) return capacity
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `capacity is ${capacity}; a whole number of at least 0 is right`,
  )
}
