import { contract, int64 } from '../src/index.ts'

/** The task of all scenarios: two integers in, one out, nothing done. */
export const noop = contract('noop', { args: [int64, int64], returns: int64 })
