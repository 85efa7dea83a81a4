import { MachineryError } from '../core/errors.ts'
import type { ControlStore } from '../core/ports/control-store.ts'
import type { Runtime } from './runtime.ts'

/** Where a server and its workers keep what of the control store. */
export const CONTROL_AREAS = {
  /** id → status. */
  workers: 'workers',
  /** `<id>/<order>` → what a worker is asked to do. */
  orders: 'orders',
  /** `queue/<name>` and `task/<name>` → what is paused. */
  pauses: 'pauses',
  /** UUID → progress of a task, as JSON. */
  progress: 'progress',
} as const

/** What can be asked of one worker. */
export type OrderKind = 'concurrency' | 'quiet' | 'stop' | 'ping'

export const ORDER_KINDS: readonly OrderKind[] = ['concurrency', 'quiet', 'stop', 'ping']

/** An order: obeyed once by whoever reads it, however often. `at` tells it from an equal one before. */
export interface Order {
  readonly at: string
  readonly value: string
}

export function encodeOrder(order: Order): string {
  return JSON.stringify(order)
}

/** Undefined for a text that is none: anybody may have written it. */
export function decodeOrder(text: string): Order | undefined {
  try {
    const { at, value } = JSON.parse(text) as Partial<Record<keyof Order, unknown>>
    return typeof at === 'string' && typeof value === 'string' ? { at, value } : undefined
  } catch {
    return undefined
  }
}

export const orderKey = (workerId: string, kind: OrderKind): string => `${workerId}/${kind}`

/** What can be paused. */
export type PausedKind = 'queue' | 'task'

export const pauseKey = (kind: PausedKind, name: string): string => `${kind}/${name}`

/**
 * The control store of a server.
 * @throws `ERR_BACKEND_REQUIRED` without a result backend, `ERR_UNSUPPORTED` when it has no control store.
 */
export function controlOf({ backend, control }: Runtime, what: string): ControlStore {
  if (control !== undefined) return control
  if (backend === undefined)
    throw new MachineryError('ERR_BACKEND_REQUIRED', `${what}: Result backend not configured`)
  throw new MachineryError('ERR_UNSUPPORTED', `${what}: this result backend has no place for remote control`)
}
