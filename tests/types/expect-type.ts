/** True only for the very same type. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if `Actual` and `Expected` are the very same type. */
export function expectType<Actual, Expected>(
  ..._proof: Same<Actual, Expected> extends true ? [] : [never]
): void {}
