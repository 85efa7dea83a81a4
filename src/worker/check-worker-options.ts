import { MachineryError } from '../core/errors.ts'
import type { WorkerHooks, WorkerOptions } from './worker-options.ts'

const KNOWN_OPTIONS: readonly string[] = [
  'name',
  'concurrency',
  'slots',
  'queues',
  'order',
  'maxDeliveries',
  'unknownTask',
  'deadLetterFailures',
  'graceMs',
  'noSignals',
  'heartbeatMs',
  'hooks',
  'middleware',
] satisfies readonly (keyof WorkerOptions)[]

const KNOWN_HOOKS: readonly string[] = [
  'beforeConsume',
  'beforeTask',
  'afterTask',
  'taskError',
  'taskRetry',
  'workerError',
] satisfies readonly (keyof WorkerHooks)[]

const POLICIES: readonly unknown[] = ['retryLater', 'deadLetter', 'drop']
const ORDERS: readonly unknown[] = ['weighted', 'strict']

/**
 * Checks what can be checked of each option alone; `queues` is read by `queuePlan`.
 * @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right.
 */
export function checkWorkerOptions(options: WorkerOptions): void {
  const { concurrency, slots, maxDeliveries, graceMs, heartbeatMs, unknownTask, order } = options
  const { middleware = [] } = options
  refuseUnknown('startWorker', 'option', options, KNOWN_OPTIONS)
  refuseUnknown('hooks', 'hook', options.hooks ?? {}, KNOWN_HOOKS)
  if (slots !== undefined && concurrency !== undefined)
    throw invalid('concurrency and slots are mutually exclusive; give one of them')
  if (concurrency !== undefined && (!Number.isInteger(concurrency) || concurrency < 0)) {
    throw invalid(
      `concurrency is ${concurrency}; a whole number from 0 is right, where 0 means twice the CPUs`,
    )
  }
  if (maxDeliveries !== undefined && (!Number.isInteger(maxDeliveries) || maxDeliveries < 1))
    throw invalid(`maxDeliveries is ${maxDeliveries}; a whole number above 0 is right`)
  if (graceMs !== undefined) checkGraceMs(graceMs)
  if (
    heartbeatMs !== undefined &&
    heartbeatMs !== 0 &&
    !(Number.isFinite(heartbeatMs) && heartbeatMs >= 1_000)
  )
    throw invalid(`heartbeatMs is ${heartbeatMs}; 0, or a number of ms from 1000, is right`)
  if (unknownTask !== undefined && typeof unknownTask !== 'function' && !POLICIES.includes(unknownTask))
    throw invalid(`unknownTask is ${unknownTask}; 'retryLater', 'deadLetter', 'drop' or a function is right`)
  if (order !== undefined && !ORDERS.includes(order))
    throw invalid(`order is ${order}; 'weighted' or 'strict' is right`)
  if (!Array.isArray(middleware) || !middleware.every((one) => typeof one === 'function'))
    throw invalid('middleware has something else; an array of functions is right')
}

/** @throws `ERR_OPTION_INVALID` unless it is a number of ms from 0. */
export function checkGraceMs(graceMs: number): void {
  if (!(Number.isFinite(graceMs) && graceMs >= 0))
    throw invalid(`graceMs is ${graceMs}; a number of ms from 0 is right`)
}

/** A misspelt option must not be a default in disguise. */
function refuseUnknown(owner: string, kind: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw invalid(`${owner} knows no ${kind} ${unknown}; it knows ${known.join(', ')}`)
}

function invalid(text: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', text)
}
