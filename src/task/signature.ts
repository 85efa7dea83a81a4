import { randomIds, taskUuid } from '../core/id.ts'
import type { Arg } from '../core/message.ts'
import { NO_OPTIONS, settleOptions } from './check-send-options.ts'
import type { SendOptions, SettledOptions } from './send-options.ts'
import { signatureData, type SignatureData } from './signature-data.ts'
import type { Args, Got, Passed, Step } from './step.ts'
import type { TaskDefinition } from './task-definition.ts'

/**
 * One run of a task: its arguments and how it is sent. Immutable; its arguments were encoded when it was made, so later
 * changes of them have no effect. `In` are the arguments that the previous step must still supply.
 */
export interface Signature<In extends Args, R, Out extends Args = Passed<R>> extends Step<In, Out, Got<R>> {
  /** Id of the run, also the key of its result. Sending it twice returns the first run. */
  readonly uuid: string
  readonly taskName: string
  /**
   * A changed copy under the same UUID, unless `uuid` is among the options.
   * @throws `ERR_OPTION_INVALID` naming the option, its value and what would be right.
   */
  with<const I extends boolean | undefined = undefined>(
    options: SendOptions<PassedOn<I, R, Out>> & { readonly immutable?: I },
  ): Signature<In, R, PassedOn<I, R, Out>>
}

/** What success callbacks get, where `I` is the option `immutable`. */
type PassedOn<I, R, Out extends Args> = I extends true ? [] : I extends false ? Passed<R> : Out

/** A signature without its types. */
export interface SignatureValue {
  readonly uuid: string
  readonly taskName: string
  readonly [signatureData]: SignatureData
  with(options: unknown): SignatureValue
}

class BuiltSignature implements SignatureValue {
  readonly uuid: string
  readonly taskName: string
  readonly [signatureData]: SignatureData

  constructor(data: SignatureData) {
    this.uuid = data.uuid
    this.taskName = data.taskName
    this[signatureData] = Object.freeze(data)
    Object.freeze(this)
  }

  with(options: unknown): SignatureValue {
    const data = this[signatureData]
    const { uuid = data.uuid, ...settled } = settleOptions(data.options, options)
    return new BuiltSignature({ ...data, uuid, options: Object.freeze(settled) })
  }
}

/** A signature under a new UUID. */
export function makeSignature(
  taskName: string,
  args: readonly Arg[],
  definition: TaskDefinition | undefined,
  options: SettledOptions = NO_OPTIONS,
): SignatureValue {
  return new BuiltSignature({
    uuid: taskUuid(randomIds),
    taskName,
    args: Object.freeze(args),
    options,
    definition,
  })
}
