import type { CallTheTaskFirst, GroupCannotFollowGroup, StepDoesNotFit } from '../task/seam-errors.ts'
import type { WorkflowOptions } from './workflow-options.ts'
import type { AnyStep, Args, InOf, OutOf, ResultOf, Step } from '../task/step.ts'

declare const many: unique symbol

/** A step that begins with a group, so that no group may stand directly before it. */
export interface BeginsMany {
  readonly [many]: { readonly in: true }
}

/** A step that ends with a group, so that no group may stand directly after it. */
export interface EndsMany {
  readonly [many]: { readonly out: true }
}

/** A group. */
export interface BothMany {
  readonly [many]: { readonly in: true; readonly out: true }
}

type Takes<Out, Next> = Out extends InOf<Next> ? Next : StepDoesNotFit<{ passed: Out; takes: InOf<Next> }>

/** `Next` itself if it can follow `Prev`, which passes `Out`; otherwise the reason why not. */
export type Fit<Out, Prev, Next> = Next extends AnyStep
  ? Prev extends EndsMany
    ? Next extends BeginsMany
      ? GroupCannotFollowGroup
      : Takes<Out, Next>
    : Takes<Out, Next>
  : CallTheTaskFirst

type Before<S extends Args> = readonly [unknown, ...S]

/** A spread array, whose order of types is unknown: each step must take what any of them passes. */
type Each<S extends Args, Out> = { [I in keyof S]: Fit<Out, unknown, S[I]> }

/** Every seam of a chain. Mapped, not recursive, so that long chains stay cheap to check. */
export type Seams<S extends Args> = number extends S['length']
  ? Each<S, OutOf<S[number]>>
  : {
      [I in keyof S]: I extends '0'
        ? Fit<InOf<S[I]>, unknown, S[I]>
        : Fit<OutOf<Before<S>[I & keyof Before<S>]>, Before<S>[I & keyof Before<S>], S[I]>
    }

type First<S extends Args> = S extends readonly [infer F, ...Args] ? F : S[number]
type Last<S extends Args> = S extends readonly [...Args, infer L] ? L : S[number]

/** Steps that run one after the other; the results of each are appended to the arguments of the next. */
export interface Chain<In extends Args, Out extends Args, Result> extends Step<In, Out, Result> {
  readonly kind: 'chain'
  /** A copy with options for the whole tree. @throws `ERR_OPTION_INVALID` naming the option. */
  with(options: WorkflowOptions): this
}

/** The type of `chain(...steps)`. */
export type ChainOf<S extends Args> = Chain<InOf<First<S>>, OutOf<Last<S>>, ResultOf<Last<S>>> &
  (First<S> extends BeginsMany ? BeginsMany : unknown) &
  (Last<S> extends EndsMany ? EndsMany : unknown)

type Meet<U> = (U extends unknown ? (u: U) => void : never) extends (u: infer I extends Args) => void
  ? I
  : never

/** Every member gets the same arguments. */
type GroupIn<M extends Args> = Meet<InOf<M[number]>>

/** Only for members of mixed arities; four at a time, to stay below the depth limit of the compiler. */
type Flat<M extends Args, A extends Args = []> = M extends readonly [
  infer a,
  infer b,
  infer c,
  infer d,
  ...infer R,
]
  ? Flat<R, [...A, ...OutOf<a>, ...OutOf<b>, ...OutOf<c>, ...OutOf<d>]>
  : M extends readonly [infer a, ...infer R]
    ? Flat<R, [...A, ...OutOf<a>]>
    : A

/** All results of a group in the order of its members: the arguments of a chord's callback. */
export type GroupOut<M extends Args> =
  OutOf<M[number]> extends readonly [unknown]
    ? { -readonly [I in keyof M]: OutOf<M[I]>[0] }
    : number extends M['length']
      ? OutOf<M[number]>[number][]
      : Flat<M>

type GroupResult<M extends Args> = { -readonly [I in keyof M]: ResultOf<M[I]> }

/** Steps that run at the same time. */
export interface Group<In extends Args, Out extends Args, Result> extends Step<In, Out, Result>, BothMany {
  readonly kind: 'group'
  /** A copy with options for the whole tree. @throws `ERR_OPTION_INVALID` naming the option. */
  with(options: WorkflowOptions): this
}

/** The type of `group(members)`. */
export type GroupOf<M extends Args> = Group<GroupIn<M>, GroupOut<M>, GroupResult<M>>

/** The type of `chord(members, callback)`: a group, and a callback that gets all of its results. */
export type ChordOf<M extends Args, C> = Chain<GroupIn<M>, OutOf<C>, ResultOf<C>> &
  BeginsMany &
  (C extends EndsMany ? EndsMany : unknown)
