import type { Results } from './results.ts'
import type { ArgumentsMissing, CallTheTaskFirst } from './seam-errors.ts'

declare const flow: unique symbol

/** Positional arguments, or the results that become them. */
export type Args = readonly unknown[]

/**
 * Anything that runs: takes `In` from the step before it, passes `Out` on to the step after it, and `get()` of its
 * result gives `Result`. The property exists for the compiler only.
 */
export interface Step<In extends Args, Out extends Args, Result> {
  // `takes` has one tuple parameter, so that the arity of `In` is compared strictly.
  readonly [flow]: { readonly takes: (args: In) => void; readonly passes: Out; readonly result: Result }
}

/** A step of any kind. */
export type AnyStep = Step<never, Args, unknown>

/** What a step takes from the one before it. */
export type InOf<S> = S extends Step<infer I, Args, unknown> ? I : never

/** What a step passes on. */
export type OutOf<S> = S extends Step<never, infer O, unknown> ? O : never

/** What `get()` gives for a step. */
export type ResultOf<S> = S extends Step<never, Args, infer R> ? R : never

/**
 * What a handler's return value is to the next step: one argument per result, none for void, perhaps one for
 * `T | undefined`.
 */
export type Passed<R> =
  R extends Results<infer T>
    ? [...T]
    : [R] extends [undefined | void]
      ? []
      : undefined extends R
        ? [] | [Exclude<R, undefined | void>]
        : [R]

/** What `get()` gives for a handler's return value. */
export type Got<R> = R extends Results<infer T> ? [...T] : R

/** The work itself if it can be sent, otherwise the reason why not. */
export type Ready<S> = S extends AnyStep
  ? [] extends InOf<S>
    ? S
    : ArgumentsMissing<InOf<S>>
  : CallTheTaskFirst
