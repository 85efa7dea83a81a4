import { isMachineryError, type MachineryError } from '../../../src/core/errors.ts'

/** The MachineryError that a call throws; any other outcome fails the test. */
export function thrownBy(call: () => unknown): MachineryError {
  try {
    call()
  } catch (error) {
    if (isMachineryError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
