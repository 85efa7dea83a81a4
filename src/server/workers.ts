import { sleep } from '../core/clock.ts'
import { MachineryError } from '../core/errors.ts'
import { checkTimeoutMs, type WaitOptions } from './async-result.ts'
import { CONTROL_AREAS, controlOf, encodeOrder, orderKey, type OrderKind } from './control-areas.ts'
import type { Runtime } from './runtime.ts'
import { decodeStatus, type StoredStatus, type WorkerStatus } from './worker-status.ts'

/** Workers that are not there any more do not read their orders: these run out. */
const ORDER_KEPT_MS = 600_000
const PING_TIMEOUT_MS = 5_000
const PING_POLL_MS = 50

/**
 * The workers of all processes, and orders to them. An order is stored, and obeyed when the worker looks, within a second. It
 * counts for that run of the worker: a restarted one has another id.
 *
 * Every method throws `ERR_BACKEND_REQUIRED` without a result backend and `ERR_UNSUPPORTED` where it has no control store; those
 * with an id throw `ERR_OPTION_INVALID` when no worker with it is registered.
 */
export interface Workers {
  /** Those that gave a sign of life lately, by name. */
  list(): Promise<readonly WorkerStatus[]>
  get(id: string): Promise<WorkerStatus | undefined>
  /** Changes how many handlers run at once; those that run go on. @throws `ERR_OPTION_INVALID` unless it is a whole number above 0. */
  resize(id: string, concurrency: number): Promise<void>
  /** Lets it claim nothing more; what runs ends, and it stays registered. */
  quiet(id: string): Promise<void>
  /** Lets it claim again. */
  resume(id: string): Promise<void>
  /** Shuts it down as a first signal does: what runs may end within its grace time. */
  stop(id: string): Promise<void>
  /**
   * Resolves when the worker has answered, to the ms it took.
   * @param options `timeoutMs` is 5,000 by default
   * @throws `ERR_WAIT_TIMEOUT`; `ERR_OPTION_INVALID` for another `timeoutMs` than a number from 0; the signal's reason.
   */
  ping(id: string, options?: WaitOptions): Promise<number>
}

/** Makes the workers of a server. */
export function createWorkers(runtime: Runtime): Workers {
  const stored = async (id: string): Promise<StoredStatus | undefined> => {
    const [text] = await controlOf(runtime, 'workers').get(CONTROL_AREAS.workers, [id])
    return text === undefined ? undefined : decodeStatus(text)
  }
  const order = async (id: string, kind: OrderKind, value: string): Promise<void> => {
    const control = controlOf(runtime, 'workers')
    if ((await stored(id)) === undefined) {
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `no worker with the id ${id} is registered; an id that workers.list() shows is right`,
      )
    }
    const text = encodeOrder({ at: runtime.ids.uuid(), value })
    const write = { key: orderKey(id, kind), value: text, expiresInMs: ORDER_KEPT_MS }
    await control.put(CONTROL_AREAS.orders, [write])
  }
  return {
    async list() {
      const entries = await controlOf(runtime, 'workers').list(CONTROL_AREAS.workers)
      return entries
        .flatMap(({ value }) => decodeStatus(value) ?? [])
        .map(shown)
        .toSorted((a, b) => compare(a.name, b.name) || compare(a.id, b.id))
    },
    async get(id) {
      const status = await stored(id)
      return status && shown(status)
    },
    async resize(id, concurrency) {
      if (!Number.isInteger(concurrency) || concurrency < 1) {
        throw new MachineryError(
          'ERR_OPTION_INVALID',
          `resize: concurrency is ${concurrency}; a whole number above 0 is right`,
        )
      }
      await order(id, 'concurrency', String(concurrency))
    },
    quiet: (id) => order(id, 'quiet', 'yes'),
    resume: (id) => order(id, 'quiet', 'no'),
    stop: (id) => order(id, 'stop', 'yes'),
    async ping(id, { timeoutMs = PING_TIMEOUT_MS, signal } = {}) {
      checkTimeoutMs(timeoutMs)
      const { clock, ids } = runtime
      const started = clock.monotonic()
      const nonce = ids.uuid()
      await order(id, 'ping', nonce)
      while ((await stored(id))?.pong !== nonce) {
        if (clock.monotonic() - started >= timeoutMs) {
          throw new MachineryError(
            'ERR_WAIT_TIMEOUT',
            `Timeout reached: worker ${id} did not answer within ${timeoutMs} ms`,
          )
        }
        await sleep(clock, PING_POLL_MS, signal)
      }
      return clock.monotonic() - started
    },
  }
}

function shown({ pong: _pong, ...status }: StoredStatus): WorkerStatus {
  return status
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
