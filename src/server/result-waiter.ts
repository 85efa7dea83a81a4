import { isMachineryError } from '../core/errors.ts'
import type { Timer } from '../core/clock.ts'
import type { TaskState } from '../core/task-state.ts'
import type { Runtime } from './runtime.ts'

/** First and longest pause between two polls, where the backend cannot push. */
const POLL_MIN_MS = 5
const POLL_MAX_MS = 500
/** A push may be lost: poll slowly besides. */
const SAFETY_POLL_MS = 1_000

/** Who waits for a state. A failed read ends nothing: the state is read again. */
export interface StateListener {
  /** Called with each state that was read, or that the store gave along; undefined when none is stored. */
  readonly onState: (state: TaskState | undefined) => void
  /** Called once when the waiter is closed: no state will come any more. */
  readonly onClosed: () => void
}

interface Watched {
  readonly listeners: Set<StateListener>
  unwatch: (() => void) | undefined
}

/**
 * Reads the states that somebody waits for: one per process, whatever the number of waiters. Push where the backend can,
 * with a slow poll as a safety net; where it cannot, or others write states too, adaptive polling from 5 to 500 ms.
 */
export class ResultWaiter {
  readonly #runtime: Runtime
  readonly #watched = new Map<string, Watched>()
  #dirty = new Set<string>()
  #reading = false
  #closed = false
  #timer: Timer | undefined
  #pauseMs = POLL_MIN_MS

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Tells `listener` the state now and after each change, until the answer is called. */
  listen(uuid: string, listener: StateListener): () => void {
    if (this.#closed) {
      queueMicrotask(listener.onClosed)
      return () => {}
    }
    let watched = this.#watched.get(uuid)
    this.#pauseMs = POLL_MIN_MS
    if (watched === undefined) {
      watched = { listeners: new Set(), unwatch: undefined }
      this.#watched.set(uuid, watched)
      void this.#watch(uuid, watched)
      this.#arm()
    } else this.#markDirty(uuid)
    watched.listeners.add(listener)
    return () => this.#unlisten(uuid, listener)
  }

  /** Stops all timers and watches; every listener is told. */
  close(): void {
    this.#closed = true
    const all = [...this.#watched.values()]
    this.#watched.clear()
    for (const watched of all) {
      watched.unwatch?.()
      for (const listener of watched.listeners) listener.onClosed()
    }
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #watch(uuid: string, watched: Watched): Promise<void> {
    const { backend } = this.#runtime
    if (backend?.watch === undefined) return this.#markDirty(uuid)
    try {
      const unwatch = await backend.watch([uuid], (_, terminal) => {
        if (terminal === undefined) this.#markDirty(uuid)
        else this.#tell(uuid, terminal)
      })
      if (this.#watched.get(uuid) !== watched) return unwatch()
      watched.unwatch = unwatch
    } catch (error) {
      if (!isMachineryError(error, 'ERR_CLOSED'))
        this.#runtime.logger.warn({ uuid, err: error }, 'watching a state failed; polling instead')
    }
    // Read once it is watched: what changes from here on is told.
    this.#markDirty(uuid)
  }

  #unlisten(uuid: string, listener: StateListener): void {
    const watched = this.#watched.get(uuid)
    watched?.listeners.delete(listener)
    if (watched === undefined || watched.listeners.size > 0) return
    this.#watched.delete(uuid)
    watched.unwatch?.()
    if (this.#watched.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #markDirty(uuid: string): void {
    if (!this.#watched.has(uuid)) return
    this.#dirty.add(uuid)
    if (this.#reading) return
    this.#reading = true
    queueMicrotask(() => void this.#read())
  }

  async #read(): Promise<void> {
    while (this.#dirty.size > 0) {
      const uuids = [...this.#dirty]
      this.#dirty = new Set()
      try {
        const states = (await this.#runtime.backend?.tasks.get(uuids)) ?? []
        uuids.forEach((uuid, index) => this.#tell(uuid, states[index]))
      } catch (error) {
        this.#runtime.logger.warn({ err: error }, 'reading states failed; trying again')
        break
      }
    }
    this.#reading = false
    this.#arm()
  }

  #tell(uuid: string, state: TaskState | undefined): void {
    // A Set may change while it is walked: a listener that ends removes itself.
    for (const listener of this.#watched.get(uuid)?.listeners ?? []) listener.onState(state)
  }

  #arm(): void {
    if (this.#watched.size === 0 || this.#timer !== undefined) return
    const { watch, foreignWriters } = this.#runtime.backend?.capabilities ?? {}
    const delayMs = watch === true && foreignWriters !== true ? SAFETY_POLL_MS : this.#pauseMs
    this.#pauseMs = Math.min(POLL_MAX_MS, this.#pauseMs * 1.5)
    this.#timer = this.#runtime.clock.setTimer(
      () => {
        this.#timer = undefined
        for (const uuid of this.#watched.keys()) this.#markDirty(uuid)
      },
      delayMs,
      true,
    )
  }
}
