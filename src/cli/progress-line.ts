import type { Clock, Timer } from '../core/clock.ts'
import type { Output } from './output.ts'

const EVERY_MS = 100
const BAR_LENGTH = 24
const CLEAR_LINE = '\r\u001b[2K'

/** The progress of long work, on one line of a terminal at stderr; nothing elsewhere. */
export class ProgressLine {
  readonly #output: Output
  readonly #clock: Clock
  readonly #what: string
  readonly #total: number | undefined
  readonly #isShown: boolean
  readonly #startedAt: number
  #done = 0
  #timer: Timer | undefined

  /** @param total undefined where it is not known */
  constructor(output: Output, clock: Clock, what: string, total?: number) {
    this.#output = output
    this.#clock = clock
    this.#what = what
    this.#total = total
    this.#isShown = output.stderr.isTTY === true && !output.quiet
    this.#startedAt = clock.monotonic()
  }

  /** How much is done by now. */
  set(done: number): void {
    this.#done = done
    if (!this.#isShown || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      this.#output.stderr.write(`${CLEAR_LINE}${this.#text()}`)
    }, EVERY_MS)
  }

  /** Takes the line away. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#isShown) this.#output.stderr.write(CLEAR_LINE)
  }

  #text(): string {
    const ms = this.#clock.monotonic() - this.#startedAt
    const rate = `${Math.round((this.#done / Math.max(ms, 1)) * 1_000).toLocaleString('en')}/s`
    const count = this.#done.toLocaleString('en')
    if (this.#total === undefined || this.#total === 0) return `${this.#what}: ${count}, ${rate}`
    const share = Math.min(this.#done / this.#total, 1)
    const filled = Math.round(share * BAR_LENGTH)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_LENGTH - filled)}`
    return `${this.#what}: ${bar} ${Math.floor(share * 100)} %, ${count} of ${this.#total.toLocaleString('en')}, ${rate}`
  }
}
