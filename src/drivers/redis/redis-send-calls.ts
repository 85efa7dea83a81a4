import { quote } from '../../core/wire/json-text.ts'
import type { SendUnit } from '../../core/ports/same-store.ts'
import type { RedisArgument } from './redis-client.ts'
import { isPlain } from './redis-publish.ts'
import { bufferOf } from './redis-route.ts'
import { type StateForm, statePieces } from './redis-state-text.ts'

/** Keys and arguments of one unit, or of several that share them. */
export interface UnitCall {
  readonly keys: string[]
  readonly args: RedisArgument[]
}

/** Sends of single new messages to one queue, of whose states only UUID and time differ. */
interface SendRun {
  readonly shared: readonly string[]
  readonly queue: string
  readonly uuids: Set<string>
  /** Time and body of each. */
  readonly items: RedisArgument[]
}

type Part = { readonly run: SendRun } | { readonly call: UnitCall }

/**
 * The sends of one script, in their order. Neighbours that are alike come in runs, for each argument costs both sides as much as
 * a short text.
 */
export class SendCalls {
  readonly #form: StateForm
  readonly #hasLimit: boolean
  readonly #callOf: (unit: SendUnit) => UnitCall
  readonly #parts: Part[] = []

  /** @param hasLimit whether each unit asks if its queue is full: then there are no runs */
  constructor(form: StateForm, hasLimit: boolean, callOf: (unit: SendUnit) => UnitCall) {
    this.#form = form
    this.#hasLimit = hasLimit
    this.#callOf = callOf
  }

  add(unit: SendUnit): void {
    if (!this.#addToRun(unit)) this.#parts.push({ call: this.#callOf(unit) })
  }

  /** As `send.lua` reads them. */
  get calls(): readonly UnitCall[] {
    return this.#parts.map((part) => {
      if ('call' in part) return part.call
      const { queue, shared, uuids, items } = part.run
      return { keys: [queue, ...uuids], args: ['run', ...shared, String(uuids.size), ...items] }
    })
  }

  /** What became of each unit. @param answers one per call */
  perUnit(answers: readonly unknown[]): readonly unknown[] {
    return this.#parts.flatMap((part, at) => {
      const answer = answers[at]
      if ('call' in part) return [answer]
      return Array.from(part.run.uuids, (_, index) => (Array.isArray(answer) ? answer[index] : answer))
    })
  }

  #addToRun({ groups, messages }: SendUnit): boolean {
    const [only] = messages
    if (only?.pending === undefined || messages.length > 1 || groups.length > 0) return false
    const { message, pending } = only
    if (this.#hasLimit || pending.reset || !isPlain(message)) return false
    const { ttl, head, name, middle, tail } = statePieces({ ...pending, state: 'PENDING' }, this.#form)
    if (head !== '') return false
    const run = this.#run(message.queue, [ttl, name, middle, tail], pending.uuid)
    run.uuids.add(pending.uuid)
    run.items.push(pending.createdAt === '' ? '' : quote(pending.createdAt), bufferOf(message.body))
    return true
  }

  /** The last one if it is alike; the same UUID again has to see what became of the first. */
  #run(queue: string, shared: readonly string[], uuid: string): SendRun {
    const last = this.#parts.at(-1)
    if (last !== undefined && 'run' in last) {
      const { run } = last
      const isAlike = run.queue === queue && shared.every((text, at) => text === run.shared[at])
      if (isAlike && !run.uuids.has(uuid)) return run
    }
    const run: SendRun = { shared, queue, uuids: new Set(), items: [] }
    this.#parts.push({ run })
    return run
  }
}
