import type { Arg } from '../core/message.ts'
import { optionError } from './option-error.ts'
import type { SettledOptions } from './send-options.ts'
import type { TaskDefinition } from './task-definition.ts'

/** The property of a signature under which its data is found. */
export const signatureData: unique symbol = Symbol.for('machinery-ts.signature')

/** What a signature is made of, for whoever compiles it: immutable, checked, arguments encoded. */
export interface SignatureData {
  readonly uuid: string
  readonly taskName: string
  readonly args: readonly Arg[]
  readonly options: SettledOptions
  /** Undefined for a signature built by hand. */
  readonly definition: TaskDefinition | undefined
}

/** Whether `value` is a signature of any kind. */
export function isSignature(value: unknown): value is { readonly [signatureData]: SignatureData } {
  return typeof value === 'object' && value !== null && signatureData in value
}

/**
 * The data of a signature.
 * @throws `ERR_OPTION_INVALID` when `value` is not a signature; a handle that was not called has a text of its own.
 */
export function signatureDataOf(value: unknown): SignatureData {
  if (isSignature(value)) return value[signatureData]
  const isHandle = typeof value === 'function' && 'taskName' in value
  throw optionError(
    'signature',
    value,
    isHandle ? `${String(value.taskName)}(), the call of the task,` : 'a signature',
  )
}
