import { argTypeOf, type ArgType, type WideIntegerType } from '../core/arg-types/index.ts'
import type { Arg } from '../core/message.ts'
import { encodeArgument, inferArgument } from './encode-arguments.ts'
import { optionError } from './option-error.ts'
import type { SendOptions } from './send-options.ts'
import { makeSignature, type Signature } from './signature.ts'
import type { Passed } from './step.ts'
import { checkForeignName } from './task-definition.ts'

const TYPED: unique symbol = Symbol.for('machinery-ts.typed')

/** A value with the type under which it goes out. */
export interface TypedValue {
  readonly [TYPED]: ArgType<unknown>
  readonly value: unknown
}

/**
 * Gives an argument of a hand-built signature a type of its own: `typed('int32', 5)`, or `typed(array(int32), [1])`.
 * @throws `ERR_OPTION_INVALID` when no type has this name (go-core 2.1).
 */
export function typed(type: string | ArgType<unknown>, value: unknown): TypedValue {
  const argType = typeof type === 'string' ? typeByName(type, value) : type
  if (typeof argType?.encode !== 'function') {
    throw optionError('type', type, 'a type name of Go such as int64, float64, string, []byte or time.Time')
  }
  return { [TYPED]: argType, value }
}

/** A bigint is always exact, so a 64-bit type takes it without being asked for `big`. */
function typeByName(name: string, value: unknown): ArgType<unknown> | undefined {
  const type = argTypeOf(name)
  return typeof value === 'bigint' ? ((type as Partial<WideIntegerType> | undefined)?.big ?? type) : type
}

/**
 * A signature built by hand, for tasks that have neither handle nor contract here: `signature('add', [1, typed('int32', 2)])`.
 * Nothing about its arguments is checked at compile time; `R` is what the task is known to return.
 * @throws `ERR_OPTION_INVALID` for a wrong name or option, `ERR_ARGUMENTS_INVALID` naming the argument without a form on
 * the wire.
 */
export function signature<R = unknown>(
  name: string,
  args: readonly unknown[] = [],
  options?: SendOptions<Passed<R>>,
): Signature<unknown[], R> {
  checkForeignName(name)
  if (!Array.isArray(args)) throw optionError('args', args, 'an array of values')
  const encoded = args.map((value: unknown, index) => encodeUntyped(name, index, value))
  const made = makeSignature(name, encoded, undefined)
  return (options === undefined ? made : made.with(options)) as unknown as Signature<unknown[], R>
}

function encodeUntyped(name: string, index: number, value: unknown): Arg {
  return isTyped(value)
    ? encodeArgument(name, index, value[TYPED], value.value)
    : inferArgument(name, index, value)
}

function isTyped(value: unknown): value is TypedValue {
  return typeof value === 'object' && value !== null && TYPED in value
}
