import { errorText, isMachineryError, type MachineryError } from '../core/errors.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import type { LogFields } from '../core/logger.ts'
import type { Message } from '../core/message.ts'
import type { OutboxEntry, ScheduleStore } from '../core/ports/schedule-store.ts'
import { cancelTasks } from '../server/async-result.ts'
import { storeLaterMembers } from '../server/later-members.ts'
import type { Publisher } from '../server/publisher.ts'
import { handOffContext, type Runtime } from '../server/runtime.ts'
import { countSent } from '../server/trace-send.ts'
import { reachableFrom } from '../workflow/downstream.ts'
import { groupsOf, guarded } from '../workflow/hand-off.ts'
import { decodePayload } from './tick-payload.ts'

/** A tick that was fired this long ago and is not published belongs to a server that died. */
const ABANDONED_AFTER_MS = 5_000
/** Entries of one sweep. */
const SWEEP_LIMIT = 256
/** Messages of one batch. */
const CHUNK = 500

const LOGGED_BYTES = 1_024

/** Trying again would change nothing. */
const HOPELESS: readonly ErrorCode[] = ['ERR_MESSAGE_TOO_LARGE', 'ERR_OPTION_INVALID', 'ERR_UNSUPPORTED']

/** A fired tick. */
export type FiredTick = Omit<OutboxEntry, 'firedAt'>

/** What an outbox works with. */
export interface OutboxParts {
  readonly store: ScheduleStore
  /** On the time of the store. */
  readonly runtime: Runtime
  readonly publisher: Publisher
}

/** Publishes what was fired, by this server or by one that died, and takes it out of the store. */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** Never rejects: what fails is logged, stays in the store, and is tried again by a sweep. */
  publish(tick: FiredTick): Promise<void> {
    const key = `${tick.tickAt} ${tick.name}`
    const publishing =
      this.#underWay.get(key) ?? this.#publish(tick).finally(() => void this.#underWay.delete(key))
    this.#underWay.set(key, publishing)
    return publishing
  }

  /** @throws what the store throws. */
  async sweep(): Promise<void> {
    const abandoned = await this.#parts.store.outbox(ABANDONED_AFTER_MS, SWEEP_LIMIT)
    await Promise.all(abandoned.map((tick) => this.publish(tick)))
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values())
  }

  async #publish(tick: FiredTick): Promise<void> {
    const { store, runtime } = this.#parts
    try {
      await this.#send(tick)
      await store.published(tick.name, tick.tickAt)
    } catch (error) {
      logTickFailure(runtime, tick, error)
    }
  }

  async #send(tick: FiredTick): Promise<void> {
    const messages = this.#messagesOf(tick)
    try {
      await this.send(messages)
    } catch (error) {
      if (!isMachineryError(error) || !HOPELESS.includes(error.code)) throw error
      await this.#giveUp(tick, messages, error)
    }
  }

  /** None when it cannot be read: it is taken out like any other, and what is left of it is in the log. */
  #messagesOf(tick: FiredTick): readonly Message[] {
    const { runtime } = this.#parts
    try {
      return decodePayload(tick.payload, runtime.limits)
    } catch (error) {
      const payload = Buffer.from(tick.payload.subarray(0, LOGGED_BYTES)).toString('base64')
      logTickFailure(runtime, tick, error, { bytes: tick.payload.byteLength, payload })
      return []
    }
  }

  /** Publishes messages with their states and groups. @throws as `Publisher.send`, and what the backend throws */
  async send(messages: readonly Message[]): Promise<void> {
    const { runtime, publisher } = this.#parts
    const context = handOffContext(runtime)
    await storeLaterMembers(runtime, messages)
    let groups = groupsOf(messages, context)
    for (let start = 0; start < messages.length; start += CHUNK) {
      const chunk = messages.slice(start, start + CHUNK)
      const guardedChunk = chunk.map((message) => guarded(message, context))
      countSent(runtime, chunk, await publisher.send({ groups, messages: guardedChunk }))
      groups = []
    }
  }

  /** No broker will take it: everything of it ends in FAILURE, so that nobody waits for it. */
  async #giveUp(tick: FiredTick, messages: readonly Message[], error: MachineryError): Promise<void> {
    const { runtime } = this.#parts
    logTickFailure(runtime, tick, error)
    const tasks = reachableFrom(messages).map(({ uuid, name }) => ({ uuid, taskName: name }))
    await cancelTasks(runtime, tasks, `Publish message error: ${error.message}`)
  }
}

/** Logs with Machinery's text. */
export function logTickFailure(
  { logger }: Pick<Runtime, 'logger'>,
  { name, tickAt }: { readonly name: string; readonly tickAt?: number },
  error: unknown,
  more: LogFields = {},
): void {
  const text = `periodic task failed. task name is: ${name}. error is ${errorText(error)}`
  logger.error({ schedule: name, tickAt, err: error, ...more }, text)
}
