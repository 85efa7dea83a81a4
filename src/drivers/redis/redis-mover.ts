import type { Timer } from '../../core/clock.ts'
import { isMachineryError } from '../../core/errors.ts'
import type { Chore } from '../../core/ports/broker.ts'
import type { RedisEngine } from './redis-engine.ts'
import { dueChannel, type QueueKeys } from './redis-keys.ts'
import { type DelayedMember, delayedMember } from './redis-route.ts'

/** How long a message that a Go publisher made due soon may lie: it tells nobody. */
const LOOK_MS = 100
/** How often a process that does not lead asks whether it should. */
const FOLLOW_MS = 500
/** A leader that shows no sign of life is replaced after this long. */
const LEAD_MS = 1_000
const MOST_PER_RUN = 200
/** In a Cluster, a due message whose mover died is due again after this long. */
const SLOT_LEASE_MS = 10_000
const NO_LIST = '"its queue is a key of another type"'
const NO_QUEUE = '"it names no queue"'

/** Of the script `due`, to whoever leads. */
type DueAnswer = readonly [
  leads: 1,
  nextInMs: number,
  leased: Buffer,
  plain: readonly Buffer[],
  enveloped: readonly Buffer[],
  isFull: number,
]

/**
 * Moves delayed messages to their queues when they are due, by the clock of the server. One process of all leads; the
 * others are there when it is gone. Several at once are harmless.
 */
export class RedisMover {
  readonly #engine: RedisEngine
  readonly #name: string
  readonly #keysOf: (queue: string) => QueueKeys
  #stopListening: (() => void) | undefined
  #early: Timer | undefined
  #earlyAt = Infinity
  #isStopped = false

  constructor(engine: RedisEngine, name: string, keysOf: (queue: string) => QueueKeys) {
    this.#engine = engine
    this.#name = name
    this.#keysOf = keysOf
  }

  /** The chore that L1 runs. */
  get chore(): Chore {
    return { name: 'redis-move', run: (signal) => this.#run(signal) }
  }

  stop(): void {
    this.#isStopped = true
    this.#early?.cancel()
    this.#stopListening?.()
  }

  async #run(signal: AbortSignal): Promise<{ readonly nextInMs: number }> {
    const { connection } = this.#engine
    if (connection.isClosed || this.#isStopped) return { nextInMs: FOLLOW_MS }
    await this.#listen()
    for (;;) {
      if (signal.aborted || this.#isStopped) return { nextInMs: FOLLOW_MS }
      const { nextInMs, isMore } = await this.#moveSome()
      if (!isMore) return { nextInMs }
    }
  }

  /** A publisher tells of a message that is due before the next look. */
  async #listen(): Promise<void> {
    if (this.#stopListening !== undefined) return
    this.#stopListening = () => {}
    const channel = dueChannel(this.#engine.delayed.plain)
    try {
      const stop = await this.#engine.subscriber.listen([channel], (text) => this.#lookIn(Number(text || 0)))
      this.#stopListening = stop
      if (this.#isStopped) stop()
    } catch {
      this.#stopListening = undefined
    }
  }

  #lookIn(ms: number): void {
    const { clock, logger } = this.#engine.settings
    const at = clock.monotonic() + Math.max(ms, 0)
    if (this.#isStopped || !(at < this.#earlyAt)) return
    this.#early?.cancel()
    this.#earlyAt = at
    this.#early = clock.setTimer(() => {
      this.#earlyAt = Infinity
      this.#run(NEVER).catch((error: unknown) =>
        logger.debug({ error }, 'delayed messages could not be moved'),
      )
    }, ms)
  }

  async #moveSome(): Promise<{ readonly nextInMs: number; readonly isMore: boolean }> {
    const { connection, delayed } = this.#engine
    const leaseMs = connection.isCluster ? SLOT_LEASE_MS : 0
    const keys = [delayed.plain, delayed.enveloped, delayed.moverLeader]
    const args = [this.#name, LEAD_MS, MOST_PER_RUN, leaseMs].map(String)
    const answer = (await connection.script('due', keys, args)) as readonly unknown[]
    if (answer[0] !== 1) return { nextInMs: FOLLOW_MS, isMore: false }
    const [, next, leased, plain, enveloped, isFull] = answer as DueAnswer
    const due = [
      ...plain.map((member) => delayedMember(1, member)),
      ...enveloped.map((member) => delayedMember(2, member)),
    ]
    let areMoved = true
    if (due.length > 0 && connection.isCluster) await this.#moveAcrossSlots(due, String(leased))
    else if (due.length > 0) areMoved = await this.#move(due)
    const isMore = areMoved && isFull === 1
    return { nextInMs: next < 0 ? LOOK_MS : Math.max(Math.min(next, LOOK_MS), 1), isMore }
  }

  /** Answers whether some were moved. A queue that the server keeps from us does not hold up the others. */
  async #move(due: readonly DelayedMember[]): Promise<boolean> {
    try {
      await this.#moveTogether(due)
      return true
    } catch (error) {
      if (!isMachineryError(error, 'ERR_STORE_FAILED')) throw error
      const queues = new Set(due.map(({ route }) => route?.queue))
      if (queues.size === 1) {
        this.#warn(error, due[0]?.route?.queue)
        return false
      }
      let areMoved = false
      for (const queue of queues) {
        const part = due.filter(({ route }) => route?.queue === queue)
        areMoved = (await this.#move(part)) || areMoved
      }
      return areMoved
    }
  }

  #warn(error: unknown, queue: string | undefined): void {
    const text = 'a delayed message could not be moved; it is tried again'
    this.#engine.settings.logger.warn({ error, queue }, text)
  }

  async #moveTogether(due: readonly DelayedMember[]): Promise<void> {
    const { connection, delayed } = this.#engine
    const keys = [delayed.plain, delayed.enveloped, delayed.dead]
    const numbers = new Map<string, number>()
    const args = due.flatMap(({ where, member, bodyFrom, route }) => {
      let number = 0
      if (route !== undefined) {
        number = numbers.get(route.queue) ?? numbers.size + 1
        if (!numbers.has(route.queue)) {
          numbers.set(route.queue, number)
          keys.push(route.queue, this.#keysOf(route.queue).priorities)
        }
      }
      return [String(where), member, String(bodyFrom + 1), String(number), String(route?.priority ?? 0)]
    })
    await connection.script('move', keys, args)
  }

  /** Copies to the queues, then removes here: what was not copied is due again when its lease is over. */
  async #moveAcrossSlots(due: readonly DelayedMember[], leased: string): Promise<void> {
    const { connection, delayed } = this.#engine
    const done: (string | Buffer)[] = []
    const copies = due.map(async ({ where, member, bodyFrom, route }) => {
      let reason = ''
      if (route === undefined) reason = NO_QUEUE
      else {
        try {
          const keys = [route.queue, this.#keysOf(route.queue).priorities]
          const [own, kind] =
            route.priority > 0 ? [keys, ['p', String(route.priority)]] : [[route.queue], ['q']]
          // One that was taken once is not refused, however full its queue is.
          await connection.script('post', [...keys, ...own], ['0', ...kind, member.subarray(bodyFrom)])
        } catch (error) {
          if (!isMachineryError(error, 'ERR_STORE_FAILED')) {
            this.#warn(error, route.queue)
            return
          }
          reason = NO_LIST
        }
      }
      done.push(String(where), member, reason)
    })
    await Promise.all(copies)
    if (done.length === 0) return
    await connection.script('undelay', [delayed.plain, delayed.enveloped, delayed.dead], [leased, ...done])
  }
}

const NEVER = new AbortController().signal
