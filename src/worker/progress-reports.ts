import type { Timer } from '../core/clock.ts'
import { CONTROL_AREAS, controlOf } from '../server/control-areas.ts'
import { encodeProgress, type TaskProgress } from '../server/progress.ts'
import type { Runtime } from '../server/runtime.ts'
import type { Service } from './service.ts'

/** Time between two writes, of all tasks together. */
const WRITE_EVERY_MS = 1_000
/** Tasks whose report waits for a store that is away; those that waited longest are dropped. */
const MOST_WAITING = 1_000

/** Keeps the newest report of each running task, and writes all that are new at once, at most once a second. */
export class ProgressReports implements Service {
  readonly name = 'progress-reports'
  readonly #runtime: Runtime
  readonly #waiting = new Map<string, string>()
  #timer: Timer | undefined
  #writtenAt = -WRITE_EVERY_MS
  #writing: Promise<void> | undefined
  #isOpen = true

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  start(): void {}

  /** Writes what waits. */
  async stop(): Promise<void> {
    this.#isOpen = false
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#writing
    if (this.#waiting.size > 0) await this.#write()
  }

  /** @throws as `controlOf` and `encodeProgress`. */
  report(uuid: string, value: TaskProgress): void {
    controlOf(this.#runtime, 'progress')
    this.#waiting.set(uuid, encodeProgress(value))
    this.#arm()
  }

  #arm(): void {
    if (!this.#isOpen || this.#timer !== undefined || this.#writing !== undefined) return
    const { clock } = this.#runtime
    const pauseMs = Math.max(0, this.#writtenAt + WRITE_EVERY_MS - clock.monotonic())
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined
        if (this.#waiting.size > 0) this.#arm()
      })
    }, pauseMs)
  }

  async #write(): Promise<void> {
    const { clock, control, logger, resultsExpireInMs } = this.#runtime
    const batch = [...this.#waiting]
    this.#waiting.clear()
    this.#writtenAt = clock.monotonic()
    try {
      const writes = batch.map(([key, value]) => ({ key, value, expiresInMs: resultsExpireInMs }))
      await control?.put(CONTROL_AREAS.progress, writes)
    } catch (error) {
      logger.debug({ err: error, tasks: batch.length }, 'progress could not be stored')
      const newer = [...this.#waiting]
      this.#waiting.clear()
      for (const [uuid, text] of [...batch, ...newer].slice(-MOST_WAITING)) this.#waiting.set(uuid, text)
    }
  }
}
