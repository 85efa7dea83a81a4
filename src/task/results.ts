import { MachineryError } from '../core/errors.ts'
import type { Args } from './step.ts'

const RESULTS: unique symbol = Symbol.for('machinery-ts.results')

/** Several results of one task. The next step of a chain gets one argument for each. */
export interface Results<T extends Args> {
  readonly [RESULTS]: true
  readonly values: T
}

/**
 * Makes a handler return several results: `return results(quotient, remainder)`. There are at least two, since one
 * result is the value itself and none is `undefined`: the wire cannot tell them apart (go-core 2.6).
 * @throws `ERR_OPTION_INVALID` for fewer than two values.
 */
export function results<const T extends readonly [unknown, unknown, ...unknown[]]>(...values: T): Results<T> {
  if (values.length < 2) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `results() has ${values.length} value${values.length === 1 ? '' : 's'}; two or more are right: return one result as it is, and none as undefined`,
    )
  }
  return { [RESULTS]: true, values }
}

/** Whether a handler returned several results. */
export function isResults(value: unknown): value is Results<Args> {
  return typeof value === 'object' && value !== null && RESULTS in value
}
