import { encodeDeclared, inferArgument } from './encode-arguments.ts'
import { makeSignature, type Signature, type SignatureValue } from './signature.ts'
import type { Args } from './step.ts'
import { taskDefinition, type AnyTask, type TaskDefinition } from './task-definition.ts'

/** `P` without its first element; an optional one counts as one. */
type Tail<P extends Args> = P extends readonly [_?: unknown, ...rest: infer R] ? R : never

/** None of the arguments `P`, the first few, or all. */
type Given<P extends Args> = number extends P['length']
  ? P extends readonly [infer H, ...infer R]
    ? [] | [H, ...Given<R>]
    : [...P]
  : P extends readonly []
    ? []
    : [] | [P[0], ...Given<Tail<P>>]

/** What is left of the arguments `P` after `A`; keeps the labels. */
type Rest<P extends Args, A extends Args> = A extends readonly [unknown, ...infer T] ? Rest<Tail<P>, T> : P

/**
 * A typed task. Called with all of its arguments, or the first few, it makes a signature; what is left out has to come
 * from the previous step of a workflow.
 */
export interface Task<P extends Args, R> extends AnyTask {
  <const A extends Given<P>>(...args: A): Signature<Rest<P, A>, R>
}

/** The callable behind `Task` and `Contract`, without its types. */
export type UntypedHandle = AnyTask & ((...args: unknown[]) => SignatureValue)

/** A handle for a definition, named after the task in stack traces. */
export function makeHandle(definition: TaskDefinition): UntypedHandle {
  const { name, declared, options } = definition
  const encode =
    declared === undefined
      ? (args: readonly unknown[]) => args.map((value, index) => inferArgument(name, index, value))
      : (args: readonly unknown[]) => encodeDeclared(name, declared, args)
  const call = (...args: unknown[]): SignatureValue => makeSignature(name, encode(args), definition)
  Object.defineProperty(call, 'name', { value: name })
  return Object.assign(call, { taskName: name, options, [taskDefinition]: definition } as const)
}
