import type { BeginOutcome, BeginWrite } from '../../src/core/ports/backend.ts'
import type { Backend } from '../../src/core/ports/backend.ts'
import type { Outgoing } from '../../src/core/ports/broker.ts'
import { isTerminal, type TaskState } from '../../src/core/task-state.ts'

/** What a run must never do; `detail` says where it did. */
export interface Violation {
  readonly kind:
    | 'terminal state replaced'
    | 'committed twice'
    | 'committed by a fenced run'
    | 'two different next attempts'
    | 'stuck'
    | 'message left over'
    | 'message given up'
    | 'wrong end'
    | 'wrong results or arguments'
    | 'ran without need'
    | 'callback failed too early'
  readonly detail: string
}

const ATTEMPT = /"AttemptCount":(?<attempt>\d+)/

/**
 * Sees every write at the stores, below the network and below the mutants, and checks what W1 promises of them one by one: a
 * terminal state is written once and stays, by the run that began last; an attempt decides once what the next one is.
 */
export class Witness {
  readonly violations: Violation[] = []
  /** Every message body that was published, the oldest first. */
  readonly published: Outgoing[] = []
  readonly #backend: Backend
  readonly #terminal = new Map<string, TaskState>()
  readonly #terminalOrder = new Map<string, number>()
  readonly #owners = new Map<string, string>()
  readonly #attempts = new Map<string, Uint8Array>()

  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** Tasks whose state is terminal. */
  get ended(): ReadonlyMap<string, TaskState> {
    return this.#terminal
  }

  /** The how manyth terminal write that of a task was; undefined while there is none. */
  orderOf(uuid: string): number | undefined {
    return this.#terminalOrder.get(uuid)
  }

  report(kind: Violation['kind'], detail: string): void {
    this.violations.push({ kind, detail })
  }

  began(write: BeginWrite, outcome: BeginOutcome | undefined): void {
    if (outcome?.kind === 'run') this.#owners.set(write.uuid, write.token)
  }

  /** A commit or a retry was accepted. */
  accepted(what: string, uuid: string, token: string): void {
    const owner = this.#owners.get(uuid)
    if (owner !== undefined && owner !== token)
      this.report('committed by a fenced run', `${what} of ${uuid} by ${token}; ${owner} began after it`)
  }

  /** A terminal state was written. */
  committed(uuid: string): void {
    if (this.#terminal.has(uuid)) this.report('committed twice', uuid)
  }

  publishing(message: Outgoing): void {
    this.published.push(message)
    const attempt = ATTEMPT.exec(Buffer.from(message.body).toString('latin1'))?.groups?.['attempt']
    if (attempt === undefined) return
    const name = `attempt ${attempt} of ${message.uuid}`
    const known = this.#attempts.get(name)
    if (known === undefined) this.#attempts.set(name, message.body)
    else if (Buffer.compare(known, message.body) !== 0) this.report('two different next attempts', name)
  }

  /** Looks at the states of these tasks after something was written to them. */
  async look(uuids: readonly string[]): Promise<void> {
    if (uuids.length === 0) return
    const states = await this.#backend.tasks.get(uuids)
    uuids.forEach((uuid, index) => {
      const state = states[index]
      const known = this.#terminal.get(uuid)
      // The memory store answers the very object as long as nobody writes.
      if (known !== undefined && state !== known)
        this.report('terminal state replaced', `${uuid}: ${known.state} by ${state?.state ?? 'nothing'}`)
      if (state === undefined || !isTerminal(state.state)) return
      this.#terminal.set(uuid, state)
      if (!this.#terminalOrder.has(uuid)) this.#terminalOrder.set(uuid, this.#terminalOrder.size)
    })
  }
}
