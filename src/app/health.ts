import { sleep, type Clock } from '../core/clock.ts'
import { isMachineryError } from '../core/errors.ts'
import type { ServerSource, WorkerSource } from '../core/telemetry.ts'

/** What a probe is answered. */
export interface Verdict {
  readonly isOk: boolean
  /** Empty when it is. Names codes, never the text of an error. */
  readonly problems: readonly string[]
}

/** How patient a `Health` is. */
export interface HealthOptions {
  readonly clock: Clock
  /** ms without a claim that was answered. */
  readonly stallMs: number
  /** ms that broker and backend may take to answer. */
  readonly checkTimeoutMs: number
}

interface Seen {
  readonly rounds: number
  /** By the monotonic clock. */
  readonly at: number
}

/** Judges whether the servers and workers of this process are alive and ready. */
export class Health {
  readonly #options: HealthOptions
  readonly #workers = new Map<WorkerSource, Seen>()
  readonly #servers = new Set<ServerSource>()

  constructor(options: HealthOptions) {
    this.#options = options
  }

  watchWorker(source: WorkerSource): () => void {
    this.#workers.set(source, { rounds: -1, at: this.#options.clock.monotonic() })
    return () => this.#workers.delete(source)
  }

  watchServer(source: ServerSource): () => void {
    this.#servers.add(source)
    return () => this.#servers.delete(source)
  }

  /**
   * Whether fetching makes progress, in every worker. Each look asks an idle fetcher for a round, so that the next one can tell. A
   * worker whose slots are all taken claims nothing, and a worker that closes is not looked at.
   */
  live(): Verdict {
    const { clock, stallMs } = this.#options
    const now = clock.monotonic()
    const problems: string[] = []
    for (const [worker, seen] of this.#workers) {
      const { rounds, waitsForRoom } = worker.fetchProgress()
      if (waitsForRoom || rounds !== seen.rounds) this.#workers.set(worker, { rounds, at: now })
      else if (now - seen.at > stallMs)
        problems.push(
          `worker ${worker.name} has fetched nothing for ${Math.round((now - seen.at) / 1_000)} s`,
        )
    }
    return { isOk: problems.length === 0, problems }
  }

  /** Whether broker and backend of every server answer. */
  async ready(): Promise<Verdict> {
    if (this.#servers.size === 0) return { isOk: false, problems: ['no server is open'] }
    const checks = [...this.#servers].flatMap((server) => [
      this.#check('broker', () => server.checkBroker()),
      this.#check('result backend', () => server.checkBackend()),
    ])
    const problems = (await Promise.all(checks)).filter((problem) => problem !== undefined)
    return { isOk: problems.length === 0, problems }
  }

  async #check(what: string, ask: () => Promise<void>): Promise<string | undefined> {
    const { clock, checkTimeoutMs } = this.#options
    const answered = new AbortController()
    const late = sleep(clock, checkTimeoutMs, answered.signal).then(
      () => `${what}: no answer within ${checkTimeoutMs} ms`,
      () => undefined,
    )
    const asked = ask().then(
      () => undefined,
      (error: unknown) => `${what}: ${isMachineryError(error) ? error.code : 'fails'}`,
    )
    const problem = await Promise.race([asked, late])
    answered.abort()
    return problem
  }
}
