import assert from 'node:assert/strict'
import type { ErrorCode } from '../core/error-codes.ts'
import { isMachineryError } from '../core/errors.ts'

/**
 * Asserts that `promise` rejects with a `MachineryError` of one of the codes. The answer may be awaited later: it is no
 * unhandled rejection meanwhile.
 */
export function assertCode(promise: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<void> {
  const asserted = promise.then(
    () => assert.fail(`resolved, expected a rejection with ${codes.join(' or ')}`),
    (error: unknown) => assertErrorCode(error, ...codes),
  )
  asserted.catch(() => {})
  return asserted
}

/** Asserts that `error` is a `MachineryError` of one of the codes: no raw error of a vendor crosses a port. */
export function assertErrorCode(error: unknown, ...codes: readonly ErrorCode[]): void {
  assert.ok(isMachineryError(error), `expected a MachineryError ${codes.join(' or ')}, got ${String(error)}`)
  assert.ok(codes.includes(error.code), `expected ${codes.join(' or ')}, got ${error.code}: ${error.message}`)
}
