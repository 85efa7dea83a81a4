import { abortReason, sleep, type Clock } from '../core/clock.ts'
import { isMachineryError } from '../core/errors.ts'
import type { Consumer, Delivery } from '../core/ports/broker.ts'
import type { FetchProgress } from '../core/telemetry.ts'
import { backoffMs } from './backoff.ts'
import type { QueueLine } from './queue-order.ts'
import { queueOrder } from './queue-order.ts'
import type { Service } from './service.ts'

/** How long a refused `beforeConsume` keeps a worker from asking again. */
const REFUSED_PAUSE_MS = 500

/** What the fetcher needs from its worker. */
export interface FetcherOptions {
  readonly lines: readonly QueueLine[]
  readonly order: 'weighted' | 'strict'
  readonly clock: Clock
  /** How many more deliveries can be taken now. */
  readonly room: () => number
  /** Takes what was claimed; the next claim waits for it. */
  readonly accept: (consumer: Consumer, deliveries: readonly Delivery[]) => Promise<void>
  /** Whether nothing is to be claimed from a queue for now; `reconsider` tells of a change. */
  readonly isHeldBack: (queue: string) => boolean
  readonly beforeConsume: ((queue: string) => boolean | Promise<boolean>) | undefined
  readonly onError: (error: unknown) => void
}

/**
 * Claims deliveries whenever there is room, and only then. One queue: a claim that waits. Several: each in turn without
 * waiting, in the order of their shares; when all are empty, one waiting claim each, until the first has something.
 * An error never ends it: it waits with back-off and claims again.
 */
export class Fetcher implements Service {
  readonly name = 'fetcher'
  readonly #options: FetcherOptions
  readonly #stopped = new AbortController()
  /** Ends claims that wait: for a stop, or to ask the store at once. */
  #waiting = new AbortController()
  /** Somebody wants to know whether the store answers; remembered through a pause after an error. */
  #isAsked = false
  #rounds = 0
  #waitsForRoom = false
  #loop: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#stopped.signal.aborted) return
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#waiting.abort(abortReason(this.#stopped.signal))
    this.wake()
    await this.#loop
  }

  /** Room may have become free. */
  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /**
   * How far it is: a round counts when the store has answered it, or a hook refused it. A claim that waits is asked to look at
   * once, so that this goes on where nothing arrives.
   */
  progress(): FetchProgress {
    const progress = { rounds: this.#rounds, waitsForRoom: this.#waitsForRoom }
    this.#isAsked = true
    this.#lookAtOnce()
    return progress
  }

  /** What is held back has changed: no claim goes on waiting that should not. */
  reconsider(): void {
    this.#lookAtOnce()
    this.wake()
  }

  #lookAtOnce(): void {
    if (this.#stopped.signal.aborted) return
    this.#waiting.abort()
    this.#waiting = new AbortController()
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#round()
        failures = 0
      } catch (error) {
        if (this.#stopped.signal.aborted) return
        failures += 1
        this.#options.onError(error)
        // Closed by somebody else: there is nothing more to claim.
        if (isMachineryError(error, 'ERR_CLOSED')) return
        await this.#pause(backoffMs(this.#options.clock, failures, 100, 10_000))
      }
    }
  }

  async #round(): Promise<void> {
    const room = this.#options.room()
    if (room <= 0) return this.#waitForRoom()
    const lines = this.#options.lines.filter(({ queue }) => !this.#options.isHeldBack(queue))
    const [only, ...others] = lines
    if (only === undefined) return this.#waitForRoom()
    if (others.length === 0) return this.#claimOne(only, room)
    return this.#claimSeveral(lines, room)
  }

  async #waitForRoom(): Promise<void> {
    this.#waitsForRoom = true
    await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#waitsForRoom = false
  }

  async #claimOne(line: QueueLine, room: number): Promise<void> {
    if (!(await this.#mayConsume(line))) return this.#refused()
    const deliveries = await this.#claimWaiting(line, room)
    await this.#options.accept(line.consumer, deliveries)
    this.#rounds += 1
  }

  /** Waits for something to claim; asked to look at once, it takes what is there. */
  async #claimWaiting(line: QueueLine, want: number): Promise<readonly Delivery[]> {
    const { isHeldBack } = this.#options
    if (isHeldBack(line.queue)) return []
    if (this.#isAsked) return this.#claimNow(line, want)
    const { signal } = this.#waiting
    try {
      return await line.consumer.claim(want, signal)
    } catch (error) {
      if (!signal.aborted || this.#stopped.signal.aborted) throw error
      return isHeldBack(line.queue) ? [] : this.#claimNow(line, want)
    }
  }

  async #claimNow(line: QueueLine, want: number): Promise<readonly Delivery[]> {
    const deliveries = await line.consumer.claim(want)
    this.#isAsked = false
    return deliveries
  }

  async #refused(): Promise<void> {
    this.#rounds += 1
    await this.#pause(REFUSED_PAUSE_MS)
  }

  async #claimSeveral(lines: readonly QueueLine[], room: number): Promise<void> {
    let left = room
    const allowed: QueueLine[] = []
    for (const line of queueOrder(lines, this.#options.order, this.#options.clock)) {
      if (!(await this.#mayConsume(line))) continue
      if (this.#options.isHeldBack(line.queue)) continue
      allowed.push(line)
      const deliveries = await line.consumer.claim(left)
      await this.#options.accept(line.consumer, deliveries)
      left -= deliveries.length
      if (left <= 0) break
    }
    if (allowed.length === 0) return this.#refused()
    this.#rounds += 1
    if (left < room) return
    await this.#waitForFirst(allowed.filter(({ queue }) => !this.#options.isHeldBack(queue)))
  }

  /** All queues are empty: waits on each, for one delivery, and stops waiting on the others when one has it. */
  async #waitForFirst(lines: readonly QueueLine[]): Promise<void> {
    const first = new AbortController()
    const { signal } = this.#waiting
    const stop = (): void => first.abort(abortReason(signal))
    if (signal.aborted) return
    signal.addEventListener('abort', stop, { once: true })
    const errors: unknown[] = []
    await Promise.all(
      lines.map(async (line) => {
        let deliveries: readonly Delivery[]
        try {
          deliveries = await line.consumer.claim(1, first.signal)
        } catch (error) {
          if (!first.signal.aborted) errors.push(error)
          first.abort()
          return
        }
        first.abort()
        try {
          await this.#options.accept(line.consumer, deliveries)
        } catch (error) {
          errors.push(error)
        }
      }),
    )
    signal.removeEventListener('abort', stop)
    if (errors.length > 0) throw errors[0]
  }

  async #mayConsume(line: QueueLine): Promise<boolean> {
    const { beforeConsume } = this.#options
    if (beforeConsume === undefined) return true
    try {
      return await this.#unlessStopped(beforeConsume(line.queue))
    } catch (error) {
      this.#options.onError(error)
      return false
    }
  }

  /** A hook that never answers must not keep the worker from closing. */
  #unlessStopped(answer: boolean | Promise<boolean>): Promise<boolean> {
    const { signal } = this.#stopped
    return new Promise((resolve, reject) => {
      const onAbort = (): void => resolve(false)
      signal.addEventListener('abort', onAbort, { once: true })
      const forget = (): void => signal.removeEventListener('abort', onAbort)
      void Promise.resolve(answer).then(resolve, reject).finally(forget)
    })
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(this.#options.clock, ms, this.#stopped.signal)
    } catch {
      // The stop ends the pause; the loop sees it.
    }
  }
}
