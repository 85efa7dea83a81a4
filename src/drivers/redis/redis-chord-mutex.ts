import { type Clock, sleep, type Timer } from '../../core/clock.ts'
import { MachineryError } from '../../core/errors.ts'
import type { RedisConnection } from './redis-connection.ts'
import { CHORD_MUTEX_KEY } from './redis-keys.ts'

/** Workers in Go try 32 times, 50 to 250 ms apart, and then lose what they do: the mutex must be free again long before. */
const EXPIRES_MS = 2_500
/** After this long it is given up, whatever happened to the triggers that it covers. */
const HELD_MS = 150
/** Who comes this soon shares it. */
const SHARED_MS = 25
const TRIES = 20
/** Between two tries, as in Go: whoever asked more often would leave nothing to the others. */
const PAUSE_MS = { least: 50, most: 250 } as const
/** After a hold it is left to others for so many times as long. */
const REST_FACTOR = 3

/** A time for which this process has Go's mutex. */
export interface ChordHold {
  /** One of those who share it is done. */
  leave(): void
}

interface Hold {
  readonly value: string
  readonly since: number
  readonly giveUp: Timer
  readonly released: Promise<void>
  users: number
}

/**
 * Go's mutex around the trigger of a chord (go-brokers-backends 4.1), held from taking the trigger until the callback is
 * published, so that a crash in between leaves a group which any worker, also one in Go, can trigger again.
 */
export class ChordMutex {
  readonly #connection: RedisConnection
  readonly #clock: Clock
  readonly #beforeGivingUp: () => Promise<void>
  #hold: Hold | undefined
  #taking: Promise<void> | undefined
  #release: () => void = () => {}
  #restUntil = 0

  /** @param beforeGivingUp called when it was held for too long, before it is free again */
  constructor(connection: RedisConnection, clock: Clock, beforeGivingUp: () => Promise<void>) {
    this.#connection = connection
    this.#clock = clock
    this.#beforeGivingUp = beforeGivingUp
  }

  /**
   * Takes it, or shares the hold of another call that took it just now.
   * @throws `ERR_STORE_BUSY` when others hold it all the time
   */
  async enter(): Promise<ChordHold> {
    for (;;) {
      const hold = this.#hold
      // Whoever waited for it to be taken may come late, if the event loop is busy.
      const isOpen =
        hold !== undefined && (hold.users === 0 || this.#clock.monotonic() - hold.since < SHARED_MS)
      if (isOpen) {
        hold.users++
        return { leave: once(() => this.#leave(hold)) }
      }
      if (hold === undefined) await (this.#taking ??= this.#take().finally(() => (this.#taking = undefined)))
      else await hold.released
    }
  }

  /** Gives it up at once. Idempotent. */
  async close(): Promise<void> {
    if (this.#hold !== undefined) await this.#end(this.#hold)
  }

  async #take(): Promise<void> {
    const restMs = this.#restUntil - this.#clock.monotonic()
    if (restMs > 0) await sleep(this.#clock, restMs)
    const part = (): string => Math.floor(this.#clock.random() * 2 ** 52).toString(36)
    const value = part() + part()
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const since = this.#clock.monotonic()
      const args = [CHORD_MUTEX_KEY, value, 'NX', 'PX', String(EXPIRES_MS)]
      if ((await this.#connection.command('set', args)) !== null) {
        const released = new Promise<void>((resolve) => (this.#release = resolve))
        const hold: Hold = {
          value,
          since,
          released,
          users: 0,
          giveUp: this.#clock.setTimer(() => void this.#giveUp(hold), HELD_MS),
        }
        this.#hold = hold
        return
      }
      const { least, most } = PAUSE_MS
      await sleep(this.#clock, least + this.#clock.random() * (most - least))
    }
    const text = `${this.#connection.name}: ${CHORD_MUTEX_KEY} was held by others at each of ${TRIES} tries`
    throw new MachineryError('ERR_STORE_BUSY', text)
  }

  #leave(hold: Hold): void {
    hold.users--
    if (hold.users === 0) void this.#end(hold)
  }

  async #giveUp(hold: Hold): Promise<void> {
    if (this.#hold !== hold) return
    await this.#beforeGivingUp()
    await this.#end(hold)
  }

  /** If it cannot be released, it expires. */
  async #end(hold: Hold): Promise<void> {
    if (this.#hold !== hold) return
    hold.giveUp.cancel()
    this.#hold = undefined
    await this.#connection.script('unlock', [CHORD_MUTEX_KEY], [hold.value]).catch(() => {})
    const now = this.#clock.monotonic()
    this.#restUntil = now + REST_FACTOR * (now - hold.since)
    this.#release()
  }
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) run()
    isDone = true
  }
}
