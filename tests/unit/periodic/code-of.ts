import { isMachineryError } from '../../../src/core/errors.ts'

/** The code of the error that `run` throws. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return isMachineryError(error) ? error.code : String(error)
  }
  return 'no error'
}
