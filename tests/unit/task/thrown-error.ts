import { isMachineryError, type MachineryError } from '../../../src/core/errors.ts'

/** The MachineryError that `act` throws; fails when there is none. */
export function thrownError(act: () => unknown): MachineryError {
  try {
    act()
  } catch (error) {
    if (isMachineryError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
