import { MachineryError } from '../../../src/core/errors.ts'
import type { Backend } from '../../../src/core/ports/backend.ts'
import type { Broker, PublishOutcome } from '../../../src/core/ports/broker.ts'
import type { SameStore } from '../../../src/core/ports/same-store.ts'

/** When something happens, seen from a call. */
export type When = 'before' | 'after'

/** Ports that do something at a chosen call, named such as `publish`, `settle`, `tasks.commit`, `sameStore.finish`. */
export interface TrippingPorts {
  readonly broker: (broker: Broker, isRefused?: (queue: string, delayMs: number) => boolean) => Broker
  readonly backend: (backend: Backend) => Backend
  /** Calls `act` at the next call of this name, once. */
  onNext(call: string, when: When, act: () => void): void
  /** Makes the next call of this name fail: before it reaches its port, or as if its reply was lost. */
  failNext(call: string, when: When): { readonly happened: boolean }
  /** Makes all calls of this name fail, before they reach their port, until the answer is called. */
  failWhile(call: string): () => void
  /** Whether there was any call of this name since. */
  isUsed(call: string): boolean
}

interface Trip {
  readonly call: string
  readonly when: When
  readonly act: () => void
}

type AsyncCall = (...args: never[]) => Promise<unknown>

/** Makes the wrappers of one process. */
export function trippingPorts(): TrippingPorts {
  let trip: Trip | undefined
  const used = new Set<string>()
  const failing = new Set<string>()
  const reach = (call: string, when: When): void => {
    if (when === 'before') used.add(call)
    if (when === 'before' && failing.has(call)) throw lost(call)
    if (trip?.call !== call || trip.when !== when) return
    const { act } = trip
    trip = undefined
    act()
  }
  const through = <F extends AsyncCall>(call: string, inner: F): F =>
    (async (...args: never[]) => {
      reach(call, 'before')
      const answer = await inner(...args)
      reach(call, 'after')
      return answer
    }) as F
  const all = <T extends object>(prefix: string, port: T): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, member]) => [
        name,
        typeof member === 'function' ? through(`${prefix}.${name}`, member as AsyncCall) : member,
      ]),
    ) as T

  return {
    broker: (broker, isRefused = () => false) => ({
      ...broker,
      publish: through('publish', async (batch) => {
        const allowed = batch.filter((message) => !isRefused(message.queue, message.delayMs))
        const outcomes = [...(await broker.publish(allowed))]
        return batch.map((message): PublishOutcome =>
          allowed.includes(message) ? (outcomes.shift() as PublishOutcome) : REFUSED,
        )
      }),
      async consume(queue, options) {
        const consumer = await broker.consume(queue, options)
        return {
          claim: through('claim', (want: number, signal?: AbortSignal) => consumer.claim(want, signal)),
          settle: through('settle', (batch) => consumer.settle(batch)),
          resize: (most) => consumer.resize(most),
          close: () => consumer.close(),
        }
      },
      sameStore: (backend) => {
        const fused = broker.sameStore?.(originals.get(backend) ?? backend)
        if (fused === undefined) return undefined
        const wrapped: SameStore = all('sameStore', fused)
        return {
          send: wrapped.send,
          finish: async (batch) => {
            const refused = batch.some((unit) =>
              unit.next.some(({ message }) => isRefused(message.queue, message.delayMs)),
            )
            return refused ? batch.map(() => 'failed' as const) : wrapped.finish(batch)
          },
        }
      },
    }),
    backend: (backend) => {
      const wrapped: Backend = {
        ...backend,
        tasks: all('tasks', backend.tasks),
        groups: all('groups', backend.groups),
      }
      originals.set(wrapped, backend)
      return wrapped
    },
    onNext(call, when, act) {
      used.clear()
      trip = { call, when, act }
    },
    failNext(call, when) {
      const failure = { happened: false }
      used.clear()
      trip = {
        call,
        when,
        act: () => {
          failure.happened = true
          throw lost(call)
        },
      }
      return failure
    },
    failWhile(call) {
      failing.add(call)
      return () => failing.delete(call)
    },
    isUsed: (call) => used.has(call),
  }
}

function lost(call: string): MachineryError {
  return new MachineryError('ERR_CONNECTION_LOST', `${call}: connection lost (fault of a test)`)
}

const REFUSED: PublishOutcome = {
  outcome: 'refused',
  error: new MachineryError('ERR_UNSUPPORTED', 'nothing can go there'),
}

const originals = new WeakMap<Backend, Backend>()
