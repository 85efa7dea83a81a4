import type { Message } from '../core/message.ts'
import type { Telemetry, Trace } from '../core/telemetry.ts'
import type { Ending } from './ending.ts'

/** Traces hand-offs from the end of a run until all of it is stored and settled, however often it has to be tried. */
export class HandOffTraces {
  readonly #telemetry: Telemetry
  readonly #open = new Map<Ending, Trace>()

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry
  }

  /** Something may follow from an ending. */
  begin(ending: Ending): void {
    const { handOff, held } = ending
    if (this.#open.has(ending) || (handOff.next.length === 0 && handOff.finishes.length === 0)) return
    const queues = handOff.next.map(({ message }) => message.queue)
    this.#open.set(ending, this.#telemetry.handOff({ delivery: held, run: held.run, queues }))
  }

  /** It is stored and published. The next attempt of the task itself counts as a retry, not as sent. */
  done(ending: Ending): void {
    if (!this.#open.has(ending)) return
    const { message } = ending.held
    for (const { message: next } of ending.handOff.next)
      if (next.uuid !== message.uuid) this.#telemetry.sent(followerName(message, next.uuid), next.queue)
    this.end(ending)
  }

  /** It is the business of another run now, or given up. */
  end(ending: Ending, error?: unknown): void {
    this.#open.get(ending)?.end(error)
    this.#open.delete(ending)
  }

  /** Everything that is open is given up. */
  abandon(error: Error): void {
    for (const ending of [...this.#open.keys()]) this.end(ending, error)
  }
}

function followerName({ onSuccess, onError }: Message, uuid: string): string {
  const isFollower = (one: Message): boolean => one.uuid === uuid
  return (onSuccess.find(isFollower) ?? onError.find(isFollower))?.name ?? ''
}
